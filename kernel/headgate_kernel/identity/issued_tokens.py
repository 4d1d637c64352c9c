"""Issue, list and revoke API tokens."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context, covers
from headgate_sdk.errors import Conflict, Forbidden, Invalid, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id

from headgate_kernel.identity.permissions import (
    EVERYTHING,
    MOST_PERMISSIONS,
    PermissionGroup,
    check_grant,
    is_known,
)
from headgate_kernel.identity.token_text import new_token_text
from headgate_kernel.identity.tokens import CLOSED_TO_TOKENS, TOKENS_WRITE, token_hash

LONGEST = timedelta(days=365)
MAX_NAME = 100
MOST_TOKENS = 50
"""As many live ones may one person have."""


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token to issue.

    Args:
        name: what it is for.
        scopes: permissions and patterns that the person has now.
        expires_at: end of its life, at most a year from now.
    """

    name: str
    scopes: tuple[str, ...]
    expires_at: datetime


class IssuedToken(msgspec.Struct, frozen=True):
    """A token as lists show it: never the token itself.

    Args:
        id: of the token.
        name: what it is for.
        hint: its last characters.
        scopes: what it is narrowed to.
        owner_id: membership of the person whose rights it carries.
        owner: name of that person.
        alive_owner: their access here has not ended.
        created_at: when it was issued.
        expires_at: end of its life.
        last_used_at: to within some minutes; None before its first use.
        revoked_at: when it was revoked.
        revoked_by: who did.
    """

    id: UUID
    name: str
    hint: str
    scopes: list[str]
    owner_id: UUID
    owner: str
    alive_owner: bool
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str

    def state_at(self, now: datetime) -> Literal["live", "revoked", "expired", "orphaned"]:
        """Tell whether it is `live`, `revoked`, `expired` or `orphaned`: its owner's access has ended."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at <= now:
            return "expired"
        return "live" if self.alive_owner else "orphaned"


async def list_tokens(ctx: Context, *, most: int = 200) -> list[IssuedToken]:
    """Give the actor's tokens, to an owner those of everybody here; the latest first."""
    ctx.require(TOKENS_WRITE)
    return await ctx.db.fetch_as(
        IssuedToken, f"{_SELECT} ORDER BY t.id DESC LIMIT $3", ctx.tenant.id, _whose(ctx), most
    )


async def issue_token(ctx: Context, token: NewToken, groups: Sequence[PermissionGroup]) -> tuple[UUID, str]:
    """Issue a token for the actor.

    Args:
        ctx: needs `headgate.tokens.write`.
        token: to issue.
        groups: all permissions that there are.

    Returns:
        Its id, and the token, which is shown to nobody else ever again.

    Raises:
        Invalid: names the field and what is wrong with it.
        Forbidden: a scope that the actor does not have, or one that no token may have.
        Conflict: the person has too many tokens already.
    """
    ctx.require(TOKENS_WRITE)
    if ctx.actor.membership_id is None or ctx.actor.scopes is not None:
        raise Forbidden(N_("Only a person who is signed in issues tokens, for themselves."))
    now = ctx.clock.now()
    name, scopes = _check(token, now)
    _check_scopes(ctx, scopes, groups)
    # one at a time for each person, so that many at once do not all pass the count
    await ctx.db.fetch(
        "SELECT 1 FROM membership WHERE tenant_id = $1 AND id = $2 FOR UPDATE",
        ctx.tenant.id, ctx.actor.membership_id,
    )  # fmt: skip
    live = await ctx.db.fetch_value(
        "SELECT count(*) FROM api_token WHERE tenant_id = $1 AND membership_id = $2 "
        "AND revoked_at IS NULL AND expires_at > $3",
        ctx.tenant.id, ctx.actor.membership_id, now,
    )  # fmt: skip
    if live >= MOST_TOKENS:
        raise Conflict(
            N_("You have {most} tokens already. Revoke one that you do not need."), most=MOST_TOKENS
        )
    token_id, text = new_id(), new_token_text()
    await ctx.db.execute(
        """
        INSERT INTO api_token (tenant_id, id, membership_id, name, token_hash, hint, scopes, created_at,
                               expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        ctx.tenant.id, token_id, ctx.actor.membership_id, name, token_hash(text), text[-4:], scopes, now,
        token.expires_at,
    )  # fmt: skip
    after = {"name": name, "scopes": scopes, "expires_at": token.expires_at.isoformat()}
    await ctx.audit("token.issue", str(token_id), after=after)
    return token_id, text


async def revoke_token(ctx: Context, token_id: UUID) -> None:
    """Revoke one of the actor's tokens, or as an owner anybody's; again does no harm.

    Raises:
        NotFound: no such token, or not one that the actor sees.
    """
    ctx.require(TOKENS_WRITE)
    found = await ctx.db.fetch_as(
        IssuedToken, f"{_SELECT} AND t.id = $3", ctx.tenant.id, _whose(ctx), token_id
    )
    if not found:
        raise NotFound(N_("There is no such token."))
    token = found[0]
    if token.revoked_at is None:
        await ctx.db.execute(
            "UPDATE api_token SET revoked_at = $3, revoked_by = $4 WHERE tenant_id = $1 AND id = $2",
            ctx.tenant.id, token_id, ctx.clock.now(), ctx.actor.name,
        )  # fmt: skip
        await ctx.audit("token.revoke", str(token_id), before={"name": token.name, "owner": token.owner})


async def revoke_tokens_of(ctx: Context, membership_id: UUID) -> int:
    """Revoke all tokens of a member whose access ends, so that none comes to life again with it."""
    rows = await ctx.db.fetch(
        "UPDATE api_token SET revoked_at = $3, revoked_by = $4 "
        "WHERE tenant_id = $1 AND membership_id = $2 AND revoked_at IS NULL RETURNING id",
        ctx.tenant.id, membership_id, ctx.clock.now(), ctx.actor.name,
    )  # fmt: skip
    return len(rows)


def _whose(ctx: Context) -> UUID | None:
    """Give whose tokens the actor sees; None is everybody's."""
    return None if ctx.allowed(EVERYTHING) else ctx.actor.membership_id


def _check(token: NewToken, now: datetime) -> tuple[str, list[str]]:
    name = " ".join(token.name.split())
    if not name:
        raise Invalid(N_("Say what the token is for."), field="name")
    if len(name) > MAX_NAME:
        raise Invalid(N_("Too long: {most} characters at most."), field="name", most=MAX_NAME)
    if token.expires_at.tzinfo is None:
        raise Invalid(N_("Give a time with its zone, such as 2030-01-31T00:00:00Z."), field="expires_at")
    if not now < token.expires_at <= now + LONGEST:
        raise Invalid(N_("A token lives for at least a moment and at most a year."), field="expires_at")
    scopes = sorted(set(token.scopes))
    if not scopes:
        raise Invalid(N_("Choose what the token may do."), field="scopes")
    if len(scopes) > MOST_PERMISSIONS:
        raise Invalid(N_("Too many: {most} at most."), field="scopes", most=MOST_PERMISSIONS)
    return name, scopes


def _check_scopes(ctx: Context, scopes: Sequence[str], groups: Sequence[PermissionGroup]) -> None:
    for scope in scopes:
        if scope in CLOSED_TO_TOKENS:
            raise Forbidden(
                N_("No token may have {permission}: people, roles and tokens are for those who sign in."),
                field="scopes", permission=scope,
            )  # fmt: skip
        if scope != EVERYTHING and not is_known(scope, groups):
            raise Invalid(
                N_("There is no permission {permission}, nor any that such a pattern stands for."),
                field="scopes", permission=scope[:100],
            )  # fmt: skip
    check_grant(ctx.actor, scopes, field="scopes")


def offered_scopes(ctx: Context, groups: Sequence[PermissionGroup]) -> list[PermissionGroup]:
    """Give the permissions that the actor may put into a token, by plugins that are on."""
    offered = []
    for group in groups:
        own = tuple(p for p in group.permissions if ctx.allowed(p.id) and p.id not in CLOSED_TO_TOKENS)
        if group.active and own:
            offered.append(msgspec.structs.replace(group, permissions=own))
    return offered


def is_whole(ctx: Context, group: PermissionGroup) -> bool:
    """Tell whether the actor has all of a plugin's permissions by a pattern, and so may give the pattern."""
    return covers(ctx.actor.permissions, f"{group.id}.*") and not ctx.actor.denied


_SELECT = """
SELECT t.id, t.name, t.hint, t.scopes, m.id, m.name, m.state = 'active', t.created_at, t.expires_at,
       t.last_used_at, t.revoked_at, t.revoked_by
FROM api_token t JOIN membership m ON m.tenant_id = $1 AND m.id = t.membership_id
WHERE t.tenant_id = $1 AND ($2::uuid IS NULL OR t.membership_id = $2)
"""
