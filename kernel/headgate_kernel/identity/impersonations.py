"""An operator in the place of one of a tenant's staff: reasoned, timed, allowed by the owner, on record.

The session belongs to the member, so that the operator sees what the member sees; `session.impersonation_id`
marks it, and whoever reads the session takes away what is declared `sensitive`. It ends by its time, by the
operator's or the owner's button, when the tenant is suspended, and when the operator is none any more.
"""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, Forbidden, Invalid, InvalidFields, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id

from headgate_kernel.tenancy.operating import note_deed

MOST_MINUTES = 60
LONGEST_REASON = 500
LAPSES = timedelta(hours=24)
"""For so long a request waits for its answer, and a permission for its use."""

State = Literal["waiting", "refused", "allowed", "open", "ended", "lapsed"]


class SupportRequest(msgspec.Struct, frozen=True):
    """What an operator asks for.

    Args:
        membership_id: in whose place.
        reason: in words that the owner reads.
        minutes: for how long, at most `MOST_MINUTES`.
    """

    membership_id: UUID
    reason: str
    minutes: int


class Impersonation(msgspec.Struct, frozen=True):
    """One impersonation, from the request to its end."""

    id: UUID
    operator_id: UUID
    operator_name: str
    membership_id: UUID
    person_id: UUID
    member_name: str
    reason: str
    minutes: int
    needs_consent: bool
    asked_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    allowed: bool | None
    opened_at: datetime | None
    expires_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None

    def state_at(self, now: datetime) -> State:
        """Tell how far it is."""
        if self.allowed is False:
            return "refused"
        if self.ended_at is not None:
            return "ended"
        if self.expires_at is not None:
            return "open" if now < self.expires_at else "ended"
        if now - (self.decided_at or self.asked_at) >= LAPSES:
            return "lapsed"
        return "allowed" if self.allowed else "waiting"


async def ask_to_impersonate(ctx: Context, request: SupportRequest) -> Impersonation:
    """Ask to act in a member's place; where the owner does not want to be asked, it is allowed at once.

    Args:
        ctx: of the tenant, acting as an operator (`tenancy.operating`).
        request: in whose place, why, for how long.

    Raises:
        Forbidden: the actor is no operator, or the member is one.
        NotFound: no such member here.
        Invalid: names the field: no reason, too long a time, a member who is not staff.
    """
    operator_id = _operator(ctx)
    reason = " ".join(request.reason.split())
    _check(reason, request.minutes)
    member = await ctx.db.fetch_row(
        """
        SELECT m.person_id, m.name, m.kind, p.is_operator
        FROM membership m JOIN person p ON p.id = m.person_id
        WHERE m.tenant_id = $1 AND m.id = $2 AND m.state = 'active'
        """,
        ctx.tenant.id, request.membership_id,
    )  # fmt: skip
    if member is None:
        raise NotFound(N_("There is nobody like that here."), field="membership_id")
    if member["is_operator"] or member["person_id"] == operator_id:
        raise Forbidden(N_("Nobody acts in the place of an operator."), field="membership_id")
    if member["kind"] != "staff":
        raise Invalid(N_("Choose one of the distributor's staff."), field="membership_id")
    consent = await ctx.db.fetch_value(
        "SELECT support_consent FROM tenant_choice WHERE tenant_id = $1", ctx.tenant.id
    )
    now, ask = ctx.clock.now(), consent == "ask"
    made = Impersonation(
        id=new_id(), operator_id=operator_id, operator_name=ctx.actor.name,
        membership_id=request.membership_id, person_id=member["person_id"], member_name=member["name"],
        reason=reason, minutes=request.minutes, needs_consent=ask, asked_at=now,
        decided_at=None if ask else now, decided_by=None if ask else "", allowed=None if ask else True,
        opened_at=None, expires_at=None, ended_at=None, ended_by=None,
    )  # fmt: skip
    await ctx.db.execute(
        f"""
        INSERT INTO impersonation (tenant_id, {_COLUMNS})
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, NULL, NULL, NULL, NULL)
        """,  # noqa: S608
        ctx.tenant.id, *msgspec.structs.astuple(made)[:13],
    )  # fmt: skip
    await _note(ctx, "support.ask", made)
    return made


async def begin_impersonation(ctx: Context, impersonation_id: UUID) -> Impersonation:
    """Let the time of an allowed impersonation run; one that is open already stays as it is.

    Raises:
        Forbidden: it is another operator's.
        NotFound: there is no such impersonation here.
        Conflict: it waits for the owner, was refused, lapsed or ended; says which.
    """
    operator_id, now = _operator(ctx), ctx.clock.now()
    found = await _find(ctx, impersonation_id, lock=True)
    if found.operator_id != operator_id:
        raise Forbidden(N_("Another operator asked for this. Ask for yourself, with your own reason."))
    state = found.state_at(now)
    if state == "open":
        return found
    if state != "allowed":
        raise Conflict(_WORDS[state])
    begun = msgspec.structs.replace(found, opened_at=now, expires_at=now + timedelta(minutes=found.minutes))
    await ctx.db.execute(
        "UPDATE impersonation SET opened_at = $3, expires_at = $4 WHERE tenant_id = $1 AND id = $2",
        ctx.tenant.id, impersonation_id, begun.opened_at, begun.expires_at,
    )  # fmt: skip
    await _note(ctx, "support.begin", begun)
    return begun


async def end_impersonation(ctx: Context, impersonation_id: UUID) -> None:
    """End an impersonation before its time, or take a request back; what has ended stays as it ended.

    Args:
        ctx: of the tenant: the operator's, the owner's, or that of the session itself.
        impersonation_id: which.

    Raises:
        NotFound: there is no such impersonation here.
    """
    found = await _find(ctx, impersonation_id, lock=True)
    if found.state_at(ctx.clock.now()) not in {"waiting", "allowed", "open"}:
        return
    await ctx.db.execute(
        "UPDATE impersonation SET ended_at = $3, ended_by = $4 WHERE tenant_id = $1 AND id = $2",
        ctx.tenant.id, impersonation_id, ctx.clock.now(), ctx.actor.operator or ctx.actor.name,
    )  # fmt: skip
    await ctx.audit("support.end", found.operator_name, reason=found.reason, member=found.member_name)


async def end_all_impersonations(ctx: Context) -> None:
    """End all that are under way: the tenant is suspended."""
    await ctx.db.execute(
        "UPDATE impersonation SET ended_at = $2, ended_by = $3 WHERE tenant_id = $1 AND ended_at IS NULL "
        "AND allowed IS DISTINCT FROM false AND (expires_at IS NULL OR expires_at > $2)",
        ctx.tenant.id, ctx.clock.now(), ctx.actor.name,
    )  # fmt: skip


async def decide_impersonation(ctx: Context, impersonation_id: UUID, *, allowed: bool) -> None:
    """Allow or refuse what an operator asks for.

    Raises:
        Forbidden: the actor may not decide on it.
        NotFound: there is no such request.
        Conflict: it is decided, or has lapsed.
    """
    ctx.require("headgate.support.write")
    found = await _find(ctx, impersonation_id, lock=True)
    state = found.state_at(ctx.clock.now())
    if state != "waiting":
        raise Conflict(_WORDS[state])
    await ctx.db.execute(
        "UPDATE impersonation SET decided_at = $3, decided_by = $4, allowed = $5 "
        "WHERE tenant_id = $1 AND id = $2",
        ctx.tenant.id, impersonation_id, ctx.clock.now(), ctx.actor.name, allowed,
    )  # fmt: skip
    await ctx.audit(
        "support.allow" if allowed else "support.refuse", found.operator_name,
        reason=found.reason, member=found.member_name, minutes=found.minutes,
    )  # fmt: skip


async def list_impersonations(ctx: Context, *, most: int = 50) -> list[Impersonation]:
    """Give the tenant's impersonations, the latest first."""
    return await ctx.db.fetch_as(
        Impersonation,
        f"SELECT {_COLUMNS} FROM impersonation WHERE tenant_id = $1 ORDER BY asked_at DESC, id DESC LIMIT $2",  # noqa: S608
        ctx.tenant.id, most,
    )  # fmt: skip


async def _find(ctx: Context, impersonation_id: UUID, *, lock: bool = False) -> Impersonation:
    found = await ctx.db.fetch_as(
        Impersonation,
        f"SELECT {_COLUMNS} FROM impersonation WHERE tenant_id = $1 AND id = $2 {'FOR UPDATE' * lock}",  # noqa: S608
        ctx.tenant.id, impersonation_id,
    )  # fmt: skip
    if not found:
        raise NotFound(N_("There is no such request for help."))
    return found[0]


def _operator(ctx: Context) -> UUID:
    if ctx.actor.kind != "operator" or ctx.actor.person_id is None:
        raise Forbidden(N_("Only an operator asks for this, from the console."))
    return ctx.actor.person_id


def _check(reason: str, minutes: int) -> None:
    problems: list[Invalid] = []
    if not reason:
        problems.append(Invalid(N_("Say why: the owner reads it."), field="reason"))
    if len(reason) > LONGEST_REASON:
        problems.append(
            Invalid(N_("The reason may have at most {n} characters."), field="reason", n=LONGEST_REASON)
        )
    if not 1 <= minutes <= MOST_MINUTES:
        problems.append(Invalid(N_("Choose between 1 and {n} minutes."), field="minutes", n=MOST_MINUTES))
    if problems:
        raise InvalidFields(problems)


async def _note(ctx: Context, action: str, what: Impersonation) -> None:
    """Write it into both logs: the tenant's, and that of the platform."""
    await note_deed(ctx, action, reason=what.reason, member=what.member_name, minutes=what.minutes)


_WORDS: dict[str, str] = {
    "waiting": N_("The owner has not answered yet."),
    "refused": N_("The owner has refused."),
    "allowed": N_("This has been decided already."),
    "open": N_("This has been decided already."),
    "ended": N_("This has ended. Ask anew if it is needed again."),
    "lapsed": N_("This has lapsed. Ask anew if it is needed again."),
}

_COLUMNS = ", ".join(Impersonation.__struct_fields__)
