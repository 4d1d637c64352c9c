"""Stop a tenant and let it go on: every request is told so in words, jobs wait, sessions and data stay."""

from datetime import datetime

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, HeadgateError, Invalid, InvalidFields
from headgate_sdk.i18n import N_

from headgate_kernel.identity.impersonations import end_all_impersonations
from headgate_kernel.tenancy.directory import touch
from headgate_kernel.tenancy.operating import note_deed

LONGEST = 500


class Suspended(HeadgateError):
    """The tenant is switched off by the operator."""

    code = "suspended"
    status = 503


class Suspension(msgspec.Struct, frozen=True):
    """Why a tenant is stopped.

    Args:
        reason: for operators.
        notice: what the tenant's people read.
        since: when it was stopped.
        by_name: who did it.
    """

    reason: str
    notice: str
    since: datetime
    by_name: str


def suspended(name: str, notice: str) -> Suspended:
    """Say to a person that the distributor is stopped, and why, as far as they may know."""
    if notice:
        return Suspended(N_("{name} is suspended for now: {notice}"), name=name, notice=notice)
    return Suspended(N_("{name} is suspended for now. Please ask the operator."), name=name)


async def read_suspension(ctx: Context) -> Suspension | None:
    """Give why the tenant is stopped; None when it is not."""
    found = await ctx.db.fetch_as(
        Suspension,
        "SELECT reason, notice, since, by_name FROM tenant_suspension WHERE tenant_id = $1",
        ctx.tenant.id,
    )
    return found[0] if found else None


async def suspend_tenant(ctx: Context, *, reason: str, notice: str) -> None:
    """Stop a tenant; every worker knows within a second.

    Args:
        ctx: of the tenant, acting as an operator (`tenancy.operating`).
        reason: for operators and the log.
        notice: what the tenant's people read; may be empty.

    Raises:
        Invalid: no reason, or a text is too long; names the field.
        Conflict: it is suspended already.
    """
    reason, notice = " ".join(reason.split()), " ".join(notice.split())
    problems: list[HeadgateError] = []
    if not reason:
        problems.append(Invalid(N_("Say why: it stands in the log."), field="reason"))
    for field, text in (("reason", reason), ("notice", notice)):
        if len(text) > LONGEST:
            problems.append(Invalid(N_("This may have at most {n} characters."), field=field, n=LONGEST))
    if problems:
        raise InvalidFields(problems)
    await _turn(ctx, "active", "suspended")
    await ctx.db.execute(
        "INSERT INTO tenant_suspension (tenant_id, reason, notice, since, by_name) "
        "VALUES ($1, $2, $3, $4, $5)",
        ctx.tenant.id, reason, notice, ctx.clock.now(), ctx.actor.name,
    )  # fmt: skip
    await end_all_impersonations(ctx)
    await note_deed(ctx, "tenant.suspend", reason=reason, notice=notice)


async def resume_tenant(ctx: Context, *, reason: str = "") -> None:
    """Let a suspended tenant go on where it stopped.

    Args:
        ctx: of the tenant, acting as an operator.
        reason: for the log; may be empty.

    Raises:
        Conflict: it is not suspended.
    """
    await _turn(ctx, "suspended", "active")
    await ctx.db.execute("DELETE FROM tenant_suspension WHERE tenant_id = $1", ctx.tenant.id)
    await note_deed(ctx, "tenant.resume", reason=" ".join(reason.split())[:LONGEST])


async def _turn(ctx: Context, before: str, after: str) -> None:
    turned = await ctx.db.fetch_value(
        "UPDATE tenant SET state = $3 WHERE id = $1 AND state = $2 RETURNING id", ctx.tenant.id, before, after
    )
    if turned is None:
        raise Conflict(
            N_("{name} is suspended already.") if after == "suspended" else N_("{name} is not suspended."),
            name=ctx.tenant.name,
        )
    await touch(ctx.db, ctx.tenant.id)
