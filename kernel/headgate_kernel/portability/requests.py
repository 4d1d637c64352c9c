"""A distributor asks to be erased, thinks it over, and takes it back or not; an operator carries it out."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from headgate_sdk.context import Actor, Context
from headgate_sdk.database import Database
from headgate_sdk.errors import Conflict, Invalid
from headgate_sdk.i18n import N_

from headgate_kernel.jobs.queue import enqueue
from headgate_kernel.portability.erasing import erase_tenant

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

DATA_WRITE = "headgate.data.write"
JOB = "headgate.data.erase"
REFLECTION = timedelta(days=7)
LONGEST_REASON = 500


class ErasureRequest(msgspec.Struct, frozen=True):
    """A wish to be erased.

    Args:
        slug: of the tenant.
        name: of the distributor.
        reason: why.
        asked_at: when.
        asked_by: who.
        not_before: an operator may carry it out from then on.
    """

    slug: str
    name: str
    reason: str
    asked_at: datetime
    asked_by: str
    not_before: datetime


class EraseTenant(msgspec.Struct, frozen=True):
    """Which tenant the job erases, on whose word."""

    slug: str
    reason: str
    by: str


async def ask_erasure(ctx: Context, *, repeated: str, reason: str) -> None:
    """Ask for the erasure of everything.

    Args:
        ctx: of an owner.
        repeated: the short name, typed again so that it is meant.
        reason: why.

    Raises:
        Invalid: the short name was not repeated, or the reason is missing or too long.
        Conflict: it was asked for already.
    """
    ctx.require(DATA_WRITE)
    if repeated.strip() != ctx.tenant.slug:
        raise Invalid(
            N_("Type the short name {slug} to show that you mean it."), field="repeated", slug=ctx.tenant.slug
        )
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        raise Invalid(N_("Say why, in at most {n} characters."), field="reason", n=LONGEST_REASON)
    now = ctx.clock.now()
    tag = await ctx.db.execute(
        """
        INSERT INTO erasure_request (tenant_id, reason, asked_at, asked_by, not_before)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant_id) DO NOTHING
        """,
        ctx.tenant.id, reason, now, ctx.actor.name, now + REFLECTION,
    )  # fmt: skip
    if tag.endswith(" 0"):
        raise Conflict(N_("The erasure was asked for already."))
    await ctx.audit("data.erasure.ask", ctx.tenant.slug, reason=reason)


async def withdraw_erasure(ctx: Context) -> None:
    """Take the wish back."""
    ctx.require(DATA_WRITE)
    tag = await ctx.db.execute("DELETE FROM erasure_request WHERE tenant_id = $1", ctx.tenant.id)
    if not tag.endswith(" 0"):
        await ctx.audit("data.erasure.withdraw", ctx.tenant.slug)


async def current_request(ctx: Context) -> ErasureRequest | None:
    """Give the tenant's wish, None when it has none."""
    found = await ctx.db.fetch_as(
        ErasureRequest,
        "SELECT $2::text, $3::text, reason, asked_at, asked_by, not_before FROM erasure_request "
        "WHERE tenant_id = $1",
        ctx.tenant.id, ctx.tenant.slug, ctx.tenant.name,
    )  # fmt: skip
    return found[0] if found else None


async def list_requests(db: Database) -> list[ErasureRequest]:
    """Give the wishes of all tenants, for the operator; `db` is a platform scope."""
    return await db.fetch_as(
        ErasureRequest,
        "SELECT t.slug, t.name, r.reason, r.asked_at, r.asked_by, r.not_before "
        "FROM erasure_request r JOIN tenant t ON t.id = r.tenant_id ORDER BY r.not_before",
    )


async def carry_out(ctx: Context, *, repeated: str) -> None:
    """Have the tenant erased by a job, now that the days of reflection are over.

    Args:
        ctx: an operator's unit of work on the tenant.
        repeated: the short name, typed again.

    Raises:
        Invalid: the short name was not repeated.
        Conflict: nobody asked for it, or it is too early.
    """
    if repeated.strip() != ctx.tenant.slug:
        raise Invalid(
            N_("Type the short name {slug} to show that you mean it."), field="repeated", slug=ctx.tenant.slug
        )
    asked = await current_request(ctx)
    if asked is None:
        raise Conflict(N_("{slug} has not asked to be erased."), slug=ctx.tenant.slug)
    now = ctx.clock.now()
    if now < asked.not_before:
        raise Conflict(
            N_("{slug} may think it over until {day}."),
            slug=ctx.tenant.slug,
            day=f"{asked.not_before:%Y-%m-%d}",
        )
    await enqueue(
        ctx.db, 0, JOB, EraseTenant(ctx.tenant.slug, asked.reason, ctx.actor.name),
        key=ctx.tenant.slug, now=now,
    )  # fmt: skip


async def erase(kernel: "Kernel", tenant_id: int, payload: EraseTenant) -> None:
    """Erase the tenant that an operator has confirmed (the job, which may come again after it was done)."""
    if await kernel.directory.by_slug(payload.slug) is None:
        return
    await erase_tenant(kernel, payload.slug, by=Actor("operator", payload.by), reason=payload.reason)
