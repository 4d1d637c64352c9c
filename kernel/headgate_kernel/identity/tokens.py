"""API tokens at use: who stands behind one, and what it may do now.

A token never does more than its owner may do at that moment: their roles are read with it, and its scopes
narrow them. What hands out access is closed to it whatever its scopes say.
"""

import hashlib
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from headgate_sdk.clock import Clock
from headgate_sdk.context import Actor
from headgate_sdk.ids import TenantId

from headgate_kernel.identity.members import PEOPLE_WRITE
from headgate_kernel.identity.permissions import SIGN_IN_WRITE
from headgate_kernel.identity.roles import ROLES_WRITE
from headgate_kernel.identity.sessions import NOBODY, Session
from headgate_kernel.identity.support import SUPPORT_WRITE
from headgate_kernel.identity.token_text import is_token_text

if TYPE_CHECKING:
    from headgate_sdk.database import Record

    from headgate_kernel.database.database import Databases

TOKENS_WRITE = "headgate.tokens.write"
CACHE_SECONDS = 2.0
CACHE_ENTRIES = 10_000
USED_EVERY = timedelta(minutes=5)

CLOSED_TO_TOKENS = frozenset({PEOPLE_WRITE, ROLES_WRITE, TOKENS_WRITE, SIGN_IN_WRITE, SUPPORT_WRITE})
"""What no token may do: a leaked one must not make others, nor let anybody in."""


class Tokens:
    """Finds who is behind a token; keeps those in use for two seconds, to spare the database."""

    def __init__(self, databases: "Databases", clock: Clock) -> None:
        self._databases = databases
        self._clock = clock
        self._cache: dict[tuple[bytes, TenantId], tuple[float, Session]] = {}
        self._forgotten = 0

    async def find(self, token: str, tenant_id: TenantId | None) -> Session:
        """Give whose rights a token carries at this tenant; `NOBODY` if it carries none there.

        Args:
            token: as sent; one that is mistyped is not even looked up.
            tenant_id: None is the operator's console, where no token opens anything.
        """
        if tenant_id is None or not is_token_text(token):
            return NOBODY
        key = (token_hash(token), tenant_id)
        cached = self._cache.get(key)
        if cached and time.monotonic() - cached[0] < CACHE_SECONDS:
            return cached[1]
        forgotten = self._forgotten
        session = await self._read(*key)
        if forgotten == self._forgotten:  # else it may have changed while it was read
            if len(self._cache) >= CACHE_ENTRIES:
                self._cache.clear()
            self._cache[key] = (time.monotonic(), session)
        return session

    def forget(self) -> None:
        """Drop what is held: a token was revoked, or somebody's rights have changed."""
        self._forgotten += 1
        self._cache.clear()

    async def _read(self, hashed: bytes, tenant_id: TenantId) -> Session:
        now = self._clock.now()
        async with self._databases.platform_scope() as db:
            row = await db.fetch_row(_FIND, tenant_id, hashed, now)
            if row is None:
                return NOBODY
            if row["last_used_at"] is None or row["last_used_at"] < now - USED_EVERY:
                await db.execute(
                    "UPDATE api_token SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2",
                    tenant_id, row["id"], now,
                )  # fmt: skip
        return _session(row)


def token_hash(token: str) -> bytes:
    """Give what is kept of a token; 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def _session(row: "Record") -> Session:
    actor = Actor(
        kind=row["kind"],
        name=row["name"],
        membership_id=row["membership_id"],
        person_id=row["person_id"],
        role_name=" · ".join(row["role_names"]),
        permissions=frozenset(" ".join(row["permissions"]).split()),
        denied=CLOSED_TO_TOKENS,
        scopes=frozenset(row["scopes"]),
    )
    return Session(actor, row["locale"], row["person_name"])


_FIND = """
SELECT t.id, t.scopes, t.last_used_at, m.id AS membership_id, m.person_id, m.name, m.kind, m.locale,
       p.name AS person_name,
       coalesce(array_agg(r.name ORDER BY r.name) FILTER (WHERE r.id IS NOT NULL), '{}') AS role_names,
       coalesce(array_agg(array_to_string(r.permissions, ' ')) FILTER (WHERE r.id IS NOT NULL), '{}')
           AS permissions
FROM api_token t
JOIN membership m ON m.tenant_id = $1 AND m.id = t.membership_id AND m.state = 'active'
JOIN person p ON p.id = m.person_id
LEFT JOIN membership_role mr ON mr.tenant_id = $1 AND mr.membership_id = m.id
LEFT JOIN role r ON r.tenant_id = $1 AND r.id = mr.role_id
WHERE t.tenant_id = $1 AND t.token_hash = $2 AND t.revoked_at IS NULL AND t.expires_at > $3
GROUP BY t.tenant_id, t.id, t.scopes, t.last_used_at, m.id, m.person_id, m.name, m.kind, m.locale, p.name
"""
