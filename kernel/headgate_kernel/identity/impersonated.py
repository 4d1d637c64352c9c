"""Who acts in a session that belongs to an impersonation: the member, less what is sensitive."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from headgate_sdk.context import Actor
from headgate_sdk.errors import Forbidden
from headgate_sdk.i18n import N_

from headgate_kernel.identity.sessions import NOBODY, Impersonate, Session

if TYPE_CHECKING:
    from headgate_sdk.database import Database


def impersonating(sensitive: Collection[str]) -> Impersonate:
    """Give what `Sessions.impersonate` needs.

    Args:
        sensitive: permissions that no impersonation has, of the kernel and of all installed plugins.
    """
    denied = frozenset(sensitive)

    async def impersonate(db: "Database", session: Session, now: datetime) -> Session:
        """Give the session its actor while the impersonation lasts, and the operator is one."""
        row = await db.fetch_row(_OPEN, session.id, now)
        if row is None:
            return NOBODY
        actor = msgspec.structs.replace(
            session.actor, denied=denied, operator=row["operator_name"], operator_id=row["operator_id"],
            operator_until=row["expires_at"],
        )  # fmt: skip
        return msgspec.structs.replace(session, actor=actor)

    return impersonate


def refuse_in_anothers_place(actor: Actor) -> None:
    """Keep an operator in somebody's place from giving access away: links, passwords, keys.

    Raises:
        Forbidden: inside an impersonation.
    """
    if actor.operator_id is not None:
        raise Forbidden(N_("Nobody gives access away in another's place. Let the person themselves do it."))


_OPEN = """
SELECT i.operator_name, i.operator_id, i.expires_at
FROM session s
JOIN impersonation i ON i.tenant_id = s.tenant_id AND i.id = s.impersonation_id
    AND i.membership_id = s.membership_id
JOIN person o ON o.id = i.operator_id AND o.is_operator
WHERE s.id = $1 AND i.allowed AND i.opened_at IS NOT NULL AND i.expires_at > $2 AND i.ended_at IS NULL
"""
