"""Sessions: a random token at the person, only its hash with us."""

import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import msgspec
from headgate_sdk.clock import Clock
from headgate_sdk.context import ANONYMOUS, Actor
from headgate_sdk.ids import TenantId, new_id

from headgate_kernel.identity.factors import HAS_SECOND_FACTOR, STRONG_METHODS
from headgate_kernel.identity.session_limits import OPERATOR, STAFF, SessionLimits
from headgate_kernel.identity.sweep import sweep

if TYPE_CHECKING:
    from headgate_sdk.database import Database, Record

    from headgate_kernel.database.database import Databases
    from headgate_kernel.database.unit_of_work import UnitOfWork

CACHE_SECONDS = 2.0
CACHE_ENTRIES = 10_000
SEEN_EVERY = timedelta(minutes=5)

SessionState = Literal["open", "pending", "setup"]


class Session(msgspec.Struct, frozen=True):
    """Who is behind a token.

    Args:
        actor: the person in their place; nobody while the second factor is asked for.
        locale: the language they chose, if they did.
        person_name: of the human.
        id: names the session in lists; None for nobody and for API tokens.
        person_id: of the human, also while the second factor is asked for.
        state: `pending` asks for the second factor, `setup` for setting one up; neither opens anything else.
        method: how the person signed in.
        authenticated_at: when they last proved who they are; None for API tokens, which never do.
        impersonation_id: an operator acts in the person's place.
    """

    actor: Actor
    locale: str | None
    person_name: str
    id: UUID | None = None
    person_id: UUID | None = None
    state: SessionState = "open"
    method: str = ""
    authenticated_at: datetime | None = None
    impersonation_id: UUID | None = None


class SessionPlace(msgspec.Struct, frozen=True):
    """Whose session it is, and where; without a tenant it is the operator's console."""

    person_id: UUID
    tenant_id: TenantId | None
    membership_id: UUID | None


NOBODY = Session(ANONYMOUS, None, "")

Impersonate = Callable[["Database", Session, datetime], Awaitable[Session]]
"""Gives an impersonation's session its actor, or `NOBODY` when it is over; runs in a platform scope."""


class Sessions:
    """Opens, finds and ends sessions; keeps those in use for two seconds, to spare the database.

    Attributes:
        impersonate: makes sessions that belong to an impersonation; without it such sessions are nobody's.
        operators_need_second_factor: operators without a second factor are led to set one up.
    """

    impersonate: Impersonate | None = None
    operators_need_second_factor: bool = False

    def __init__(self, databases: "Databases", clock: Clock) -> None:
        self._databases = databases
        self._clock = clock
        self._cache: dict[tuple[bytes, TenantId | None], tuple[float, Session]] = {}
        self._ended = 0

    async def open(
        self, person_id: UUID, tenant_id: TenantId | None, membership_id: UUID | None, user_agent: str
    ) -> str:
        """Open a session of somebody who has proved who they are elsewhere, and give its token.

        Sign-ins go through `opening.open_session`, which decides on second factor and limits.
        """
        limits = OPERATOR if tenant_id is None else STAFF
        place = SessionPlace(person_id, tenant_id, membership_id)
        async with self._databases.platform_scope() as db:
            return await self.insert(db, place, limits, method="password", user_agent=user_agent)

    async def insert(
        self,
        db: "Database",
        place: SessionPlace,
        limits: SessionLimits,
        *,
        method: str,
        state: Literal["open", "pending"] = "open",
        address: str = "",
        user_agent: str = "",
        device_hash: bytes | None = None,
        impersonation_id: UUID | None = None,
    ) -> str:
        """Write a session and give its token, which is shown to nobody else ever again."""
        token, now = new_token(), self._clock.now()
        await db.execute(
            """
            INSERT INTO session (token_hash, person_id, tenant_id, membership_id, created_at, seen_at,
                                 expires_at, user_agent, id, state, method, authenticated_at, idle,
                                 address, device_hash, impersonation_id)
            VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10, $5, $11, $12, $13, $14)
            """,
            hash_token(token), place.person_id, place.tenant_id, place.membership_id, now,
            now + limits.absolute, plain(user_agent)[:300], new_id(), state, method, limits.idle,
            plain(address)[:100], device_hash, impersonation_id,
        )  # fmt: skip
        return token

    async def find(self, token: str, tenant_id: TenantId | None) -> Session:
        """Give who is behind a token at this tenant (None: the operator's console); `NOBODY` if none is."""
        key = (hash_token(token), tenant_id)
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
            row = await db.fetch_row(_FIND, token_hash, tenant_id, now)
            if row is None:
                return NOBODY
            if row["seen_at"] < now - SEEN_EVERY:
                await db.execute("UPDATE session SET seen_at = $2 WHERE token_hash = $1", token_hash, now)
            session = self._session(row, tenant_id)
            if session.impersonation_id is None:
                return session
            return await self.impersonate(db, session, now) if self.impersonate else NOBODY

    def _session(self, row: "Record", tenant_id: TenantId | None) -> Session:
        if tenant_id is None:
            if not row["is_operator"]:
                return NOBODY
            actor = Actor("operator", row["person_name"], person_id=row["person_id"])
            required = self.operators_need_second_factor
        elif row["membership_id"] is None:
            return NOBODY
        else:
            actor = _member(row)
            required = row["second_factor_required"]
        state: SessionState = row["state"]
        if state == "open" and required and not self._has_factor(row):
            state = "setup"
        return Session(
            ANONYMOUS if state == "pending" else actor, row["locale"], row["person_name"], row["id"],
            row["person_id"], state, row["method"], row["authenticated_at"], row["impersonation_id"],
        )  # fmt: skip

    def _has_factor(self, row: "Record") -> bool:
        by_itself = row["method"] in STRONG_METHODS or row["impersonation_id"] is not None
        return by_itself or row["has_second_factor"]

    async def renew(self, db: "UnitOfWork", session_id: UUID) -> tuple[str, timedelta] | None:
        """Give an open session another token, as of one who has just proved who they are.

        Returns:
            The token, and how long it lasts at most; None when the session has ended meanwhile.
        """
        token, now = new_token(), self._clock.now()
        row = await db.fetch_row(
            """
            WITH before AS (
                SELECT token_hash FROM session WHERE id = $1 AND state = 'open' AND expires_at > $3 FOR UPDATE
            )
            UPDATE session s SET token_hash = $2, authenticated_at = $3, seen_at = $3
            FROM before b WHERE s.token_hash = b.token_hash RETURNING b.token_hash AS old, s.expires_at
            """,
            session_id, hash_token(token), now,
        )  # fmt: skip
        if row is None:
            return None
        self._drop_after(db, [row["old"]])
        return token, row["expires_at"] - now

    async def promote(
        self, db: "UnitOfWork", session_id: UUID, limits: SessionLimits, *, device_hash: bytes | None
    ) -> str | None:
        """Open a pending session, with another token: the second factor was right.

        Returns:
            The token; None when the session was promoted or has ended meanwhile.
        """
        token, now = new_token(), self._clock.now()
        old = await db.fetch_value(
            """
            WITH before AS (
                SELECT token_hash FROM session
                WHERE id = $1 AND state = 'pending' AND expires_at > $3 FOR UPDATE
            )
            UPDATE session s SET token_hash = $2, state = 'open', created_at = $3, seen_at = $3,
                authenticated_at = $3, expires_at = $4, idle = $5, device_hash = $6
            FROM before b WHERE s.token_hash = b.token_hash RETURNING b.token_hash
            """,
            session_id, hash_token(token), now, now + limits.absolute, limits.idle, device_hash,
        )  # fmt: skip
        self._drop_after(db, [old] if old else [])
        return token if old else None

    async def end(self, token: str) -> None:
        """End a session by its token."""
        async with self._databases.platform_scope() as db:
            await self.end_token(db, token)

    async def end_token(self, db: "UnitOfWork", token: str) -> None:
        """End a session by its token, as part of something else."""
        await self._end(db, "token_hash = $1", hash_token(token))

    async def end_one(self, db: "UnitOfWork", person_id: UUID, session_id: UUID) -> bool:
        """End one of a person's sessions; tells whether there was such a one."""
        return bool(await self._end(db, "person_id = $1 AND id = $2", person_id, session_id))

    async def end_all(self, db: "UnitOfWork", person_id: UUID, *, but: UUID | None = None) -> int:
        """End all sessions of a person, or all but one; gives how many."""
        return await self._end(db, "person_id = $1 AND id IS DISTINCT FROM $2", person_id, but)

    async def end_at(self, db: "UnitOfWork", tenant_id: TenantId, person_id: UUID) -> int:
        """End all sessions of a person at one tenant; gives how many."""
        return await self._end(db, "tenant_id = $1 AND person_id = $2", tenant_id, person_id)

    async def end_impersonation(self, db: "UnitOfWork", impersonation_id: UUID) -> int:
        """End what an operator opened in somebody's place; gives how many sessions."""
        return await self._end(db, "impersonation_id = $1", impersonation_id)

    async def _end(self, db: "UnitOfWork", which: str, *args: object) -> int:
        rows = await db.fetch(f"DELETE FROM session WHERE {which} RETURNING token_hash", *args)  # noqa: S608
        self._drop_after(db, [row["token_hash"] for row in rows])
        return len(rows)

    def forget(self, person_id: UUID) -> None:
        """Drop what is held of a person's sessions: what they may do, or their name, has changed."""
        self._ended += 1
        for key in [key for key, (_, held) in self._cache.items() if held.person_id == person_id]:
            del self._cache[key]

    def _drop_after(self, db: "UnitOfWork", hashes: list[bytes]) -> None:
        """Forget what is held of sessions once their end is committed."""
        db.after_commit(lambda: self._drop(hashes))

    def _drop(self, hashes: Iterable[bytes]) -> None:
        self._ended += 1
        gone = set(hashes)
        for key in [key for key in self._cache if key[0] in gone]:
            del self._cache[key]

    def forget_all(self) -> None:
        """Drop everything that is held: what a role allows has changed."""
        self._ended += 1
        self._cache.clear()

    async def drop_expired(self) -> None:
        """Remove sessions that ended by time, and what else identity keeps for a while only."""
        async with self._databases.platform_scope() as db:
            await sweep(db, self._clock.now())


def is_vouched_for_here_only(session: Session) -> bool:
    """Tell whether a distributor's own identity provider says who somebody is.

    It may say so at that distributor. Their account at all others is not its business: whoever runs the
    provider could else become anybody everywhere.
    """
    return session.method == "oidc" and session.actor.kind != "operator"


def new_token() -> str:
    """Make a token that nobody can guess: 256 random bits."""
    return secrets.token_urlsafe(32)


def plain(text: str) -> str:
    """Take out the one character that PostgreSQL keeps in no text."""
    return text.replace("\0", "")


def hash_token(token: str) -> bytes:
    """Give the form in which a random token is kept and looked up."""
    return hashlib.sha256(token.encode()).digest()


def _member(row: "Record") -> Actor:
    return Actor(
        kind=row["kind"],
        name=row["name"],
        membership_id=row["membership_id"],
        person_id=row["person_id"],
        role_name=" · ".join(row["role_names"]),
        permissions=frozenset(" ".join(row["permissions"]).split()),
    )


_FIND = f"""
SELECT s.id, s.person_id, p.name AS person_name, p.is_operator, s.seen_at, s.state, s.method,
       s.authenticated_at, s.impersonation_id, {HAS_SECOND_FACTOR} AS has_second_factor,
       m.id AS membership_id, m.name, m.kind, coalesce(m.locale, p.locale) AS locale,
       coalesce(array_agg(r.name ORDER BY r.name) FILTER (WHERE r.id IS NOT NULL), '{{}}') AS role_names,
       coalesce(array_agg(array_to_string(r.permissions, ' ')) FILTER (WHERE r.id IS NOT NULL), '{{}}')
           AS permissions,
       coalesce(bool_or(r.second_factor), false) AS second_factor_required
FROM session s
JOIN person p ON p.id = s.person_id
LEFT JOIN membership m ON m.tenant_id = s.tenant_id AND m.id = s.membership_id AND m.state = 'active'
LEFT JOIN membership_role mr ON mr.tenant_id = m.tenant_id AND mr.membership_id = m.id
LEFT JOIN role r ON r.tenant_id = mr.tenant_id AND r.id = mr.role_id
WHERE s.token_hash = $1 AND s.tenant_id IS NOT DISTINCT FROM $2 AND s.expires_at > $3
  AND s.seen_at > $3 - s.idle
GROUP BY s.token_hash, p.id, m.tenant_id, m.id
"""  # noqa: S608
