"""The audit log in the JSON API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.web import read
from litestar.params import Parameter

from headgate_kernel.audit.entries import Entry
from headgate_kernel.audit.reading import read_cursor, read_page
from headgate_kernel.audit.standing import Seal, seals_of
from headgate_kernel.runtime import Kernel
from headgate_kernel.web.audit_filters import Typed

Text = Annotated[str, Parameter(max_length=1_000)]


class AuditActor(msgspec.Struct, frozen=True):
    """Who acted.

    Args:
        name: as it was then.
        kind: staff, customer, operator, system or anonymous.
        membership_id: their place at the distributor.
        person_id: the human.
    """

    name: str
    kind: str
    membership_id: UUID | None
    person_id: UUID | None


class AuditOperator(msgspec.Struct, frozen=True):
    """The operator who acted in the actor's place."""

    name: str
    person_id: UUID | None


class AuditItem(msgspec.Struct, frozen=True):
    """An entry of the log.

    Args:
        id: of the entry.
        number: in the chain; null while it waits to be sealed.
        hash: in the chain, hexadecimal.
        at: when.
        actor: who.
        operator: who acted in the actor's place, inside an impersonation.
        action: what was done.
        subject: to what.
        details: `before`, `after`, `reason` and others.
        request_id: of the request, as in the logs.
        address: network address of who asked.
    """

    id: UUID
    number: int | None
    hash: str
    at: datetime
    actor: AuditActor
    operator: AuditOperator | None
    action: str
    subject: str
    details: dict[str, Any]
    request_id: str
    address: str


class AuditList(msgspec.Struct, frozen=True):
    """A page of the log; give `next` as `before` for the following page.

    Args:
        items: newest first; few or none where few match, even if more follow.
        next: null at the end.
    """

    items: list[AuditItem]
    next: str | None


@read("/audit", permission="headgate.audit.read", tags=["audit"])
async def audit_log(
    ctx: Context,
    kernel: Kernel,
    *,
    since: Text = "",
    until: Text = "",
    person: Text = "",
    action: Text = "",
    subject: Text = "",
    q: Text = "",
    before: Text = "",
    limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
) -> AuditList:
    """Read the audit log; `since` and `until` are days or moments of ISO 8601."""
    typed = Typed(since=since, until=until, person=person, action=action, subject=subject, q=q)
    wanted = typed.filter(ctx.tenant.timezone)
    found = await read_page(ctx.db, ctx.tenant.id, wanted, before=read_cursor(before), limit=limit)
    async with kernel.databases.platform_scope() as db:
        seals = await seals_of(db, ctx.tenant.id, [entry.id for entry in found.entries])
    return AuditList(
        [_item(entry, seals.get(entry.id)) for entry in found.entries],
        str(found.next) if found.next else None,
    )


def _item(entry: Entry, seal: Seal | None) -> AuditItem:
    operator = AuditOperator(entry.operator_name, entry.operator_id) if entry.operator_name else None
    return AuditItem(
        entry.id, seal.seq if seal else None, seal.hash.hex() if seal else "", entry.at,
        AuditActor(entry.actor_name, entry.actor_kind, entry.actor_id, entry.person_id), operator,
        entry.action, entry.subject, msgspec.json.decode(entry.details), entry.request_id, entry.address,
    )  # fmt: skip


HANDLERS: Sequence[Any] = (audit_log,)
