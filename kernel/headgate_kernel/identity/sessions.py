"""Sessions: a random token at the person, only its hash with us."""

import hashlib
import secrets
import time
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.clock import Clock
from headgate_sdk.context import ANONYMOUS, Actor
from headgate_sdk.ids import TenantId

if TYPE_CHECKING:
    from headgate_kernel.database.database import Databases

LIFETIME = timedelta(days=14)
IDLE = timedelta(days=3)
CACHE_SECONDS = 2.0
CACHE_ENTRIES = 10_000
FAILURES_KEPT = timedelta(days=1)
SEEN_EVERY = timedelta(minutes=5)


class Session(msgspec.Struct, frozen=True):
    """Who is behind a token.

    Args:
        actor: the person in their place.
        locale: the language they chose, if they did.
        person_name: of the human.
    """

    actor: Actor
    locale: str | None
    person_name: str


NOBODY = Session(ANONYMOUS, None, "")


class Sessions:
    """Opens, finds and ends sessions; keeps those in use for two seconds, to spare the database."""

    def __init__(self, databases: "Databases", clock: Clock) -> None:
        self._databases = databases
        self._clock = clock
        self._cache: dict[tuple[bytes, TenantId | None], tuple[float, Session]] = {}
        self._ended = 0

    async def open(
        self, person_id: UUID, tenant_id: TenantId | None, membership_id: UUID | None, user_agent: str
    ) -> str:
        """Open a session and give its token, which is shown to nobody else ever again."""
        token = secrets.token_urlsafe(32)
        now = self._clock.now()
        async with self._databases.platform_scope() as db:
            await db.execute(
                """
                INSERT INTO session (token_hash, person_id, tenant_id, membership_id, created_at, seen_at,
                                     expires_at, user_agent)
                VALUES ($1, $2, $3, $4, $5, $5, $6, $7)
                """,
                _hash(token), person_id, tenant_id, membership_id, now, now + LIFETIME, user_agent[:300],
            )  # fmt: skip
        return token

    async def find(self, token: str, tenant_id: TenantId | None) -> Session:
        """Give who is behind a token at this tenant (None: the operator's console); `NOBODY` if none is."""
        key = (_hash(token), tenant_id)
        cached = self._cache.get(key)
        if cached and time.monotonic() - cached[0] < CACHE_SECONDS:
            return cached[1]
        ended = self._ended
        session = await self._read(*key)
        if ended == self._ended:  # else it may be the one that was ended while it was read
            if len(self._cache) >= CACHE_ENTRIES:
                self._cache.clear()
            self._cache[key] = (time.monotonic(), session)
        return session

    async def _read(self, token_hash: bytes, tenant_id: TenantId | None) -> Session:
        now = self._clock.now()
        async with self._databases.platform_scope() as db:
            row = await db.fetch_row(_FIND, token_hash, tenant_id, now, now - IDLE)
            if row is None:
                return NOBODY
            if row["seen_at"] < now - SEEN_EVERY:
                await db.execute("UPDATE session SET seen_at = $2 WHERE token_hash = $1", token_hash, now)
        if tenant_id is None:
            if not row["is_operator"]:
                return NOBODY
            operator = Actor("operator", row["person_name"], person_id=row["person_id"])
            return Session(operator, None, row["person_name"])
        if row["membership_id"] is None:
            return NOBODY
        actor = Actor(
            kind=row["kind"],
            name=row["name"],
            membership_id=row["membership_id"],
            person_id=row["person_id"],
            role_name=" · ".join(row["role_names"]),
            permissions=frozenset(" ".join(row["permissions"]).split()),
        )
        return Session(actor, row["locale"], row["person_name"])

    async def end(self, token: str) -> None:
        """End a session."""
        token_hash = _hash(token)
        async with self._databases.platform_scope() as db:
            await db.execute("DELETE FROM session WHERE token_hash = $1", token_hash)
        self._ended += 1
        for key in [key for key in self._cache if key[0] == token_hash]:
            del self._cache[key]

    async def drop_expired(self) -> None:
        """Remove sessions that ended by time, and failed sign-ins that slow nobody down any more."""
        now = self._clock.now()
        async with self._databases.platform_scope() as db:
            await db.execute("DELETE FROM session WHERE expires_at < $1 OR seen_at < $2", now, now - IDLE)
            await db.execute("DELETE FROM sign_in_failure WHERE last_at < $1", now - FAILURES_KEPT)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


_FIND = """
SELECT s.person_id, p.name AS person_name, p.is_operator, s.seen_at,
       m.id AS membership_id, m.name, m.kind, m.locale,
       coalesce(array_agg(r.name ORDER BY r.name) FILTER (WHERE r.id IS NOT NULL), '{}') AS role_names,
       coalesce(array_agg(array_to_string(r.permissions, ' ')) FILTER (WHERE r.id IS NOT NULL), '{}')
           AS permissions
FROM session s
JOIN person p ON p.id = s.person_id
LEFT JOIN membership m ON m.tenant_id = s.tenant_id AND m.id = s.membership_id AND m.state = 'active'
LEFT JOIN membership_role mr ON mr.tenant_id = m.tenant_id AND mr.membership_id = m.id
LEFT JOIN role r ON r.tenant_id = mr.tenant_id AND r.id = mr.role_id
WHERE s.token_hash = $1 AND s.tenant_id IS NOT DISTINCT FROM $2 AND s.expires_at > $3 AND s.seen_at > $4
GROUP BY s.person_id, p.name, p.is_operator, s.seen_at, m.id, m.name, m.kind, m.locale
"""
