"""The request that this code serves: its id and whose it is, for logs, traces and error pages."""

import re
from contextvars import ContextVar
from secrets import token_hex
from uuid import UUID

ACCEPTED = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestNote:
    """What is known of a request so far; the gate fills it in.

    Attributes:
        request_id: told in the answer and in every line of the log.
        tenant: short name of the tenant, empty before it is known and at the console.
        tenant_id: its number, 0 where there is none.
        actor: membership or person that asks; None for nobody.
    """

    __slots__ = ("actor", "request_id", "tenant", "tenant_id")

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.tenant = ""
        self.tenant_id = 0
        self.actor: UUID | None = None


current_request: ContextVar[RequestNote | None] = ContextVar("headgate_request", default=None)


def note_tenant(slug: str, tenant_id: int, actor: UUID | None) -> None:
    """Write down whose request this is."""
    note = current_request.get()
    if note is not None:
        note.tenant, note.tenant_id, note.actor = slug, tenant_id, actor


def current_request_id() -> str:
    """Give the id of the request that this code serves; empty outside of one."""
    note = current_request.get()
    return note.request_id if note is not None else ""


def request_id_from(sent: str) -> str:
    """Take the id that a proxy sent where it is harmless in a log, else make one."""
    return sent if sent and ACCEPTED.fullmatch(sent) else token_hex(16)
