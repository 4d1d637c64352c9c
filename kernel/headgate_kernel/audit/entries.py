"""What an entry is, as rows and as the text that the chain is made of."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from headgate_kernel.audit.log import PLATFORM

GENESIS = bytes(32)
"""The hash before the first entry of a chain."""

TEXT = """jsonb_build_array(
    'headgate audit', 1, e.id, (extract(epoch FROM e.at) * 1000000)::bigint, e.actor_kind, e.actor_id,
    e.actor_name, e.person_id, e.operator_name, e.operator_id, e.action, e.subject, e.details, e.request_id,
    e.address)::text"""
"""SQL of an entry's text, for the alias `e`: all of it but the tenant's number, which another system changes.

PostgreSQL writes it alike in every version and time zone. The hash of an entry is SHA-256 over the hash
before it and this text in UTF-8.
"""

Table = Literal["audit_entry", "platform_audit_entry"]


class Entry(msgspec.Struct, frozen=True):
    """An entry as pages and files show it.

    Args:
        id: of the entry.
        at: when.
        actor_kind: staff, customer, operator, system; empty in entries of old.
        actor_id: membership of who acted.
        actor_name: as it was then.
        person_id: the human.
        operator_name: who acted in the actor's place, inside an impersonation.
        operator_id: person id of that operator.
        action: what was done.
        subject: to what.
        details: before, after, reason, as JSON.
        request_id: of the request, as in the logs.
        address: network address of who asked.
    """

    id: UUID
    at: datetime
    actor_kind: str
    actor_id: UUID | None
    actor_name: str
    person_id: UUID | None
    operator_name: str
    operator_id: UUID | None
    action: str
    subject: str
    details: msgspec.Raw
    request_id: str
    address: str


def table_of(tenant_id: int) -> tuple[Table, str]:
    """Give the table of a chain's entries, and the predicate that picks them, for alias `e` and `$1`."""
    if tenant_id == PLATFORM:
        return "platform_audit_entry", "$1::int = 0"
    return "audit_entry", "e.tenant_id = $1"
