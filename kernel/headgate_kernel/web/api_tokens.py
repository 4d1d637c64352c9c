"""API tokens in the JSON API: for who has signed in, never for a token."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.web import create, read
from litestar import delete

from headgate_kernel.identity.issued_tokens import (
    IssuedToken,
    NewToken,
    issue_token,
    list_tokens,
    revoke_token,
)
from headgate_kernel.identity.permissions import permission_groups
from headgate_kernel.identity.rights import rights_changed
from headgate_kernel.identity.tokens import TOKENS_WRITE
from headgate_kernel.runtime import Kernel


class TokenView(msgspec.Struct, frozen=True):
    """A token, but for itself.

    Args:
        id: of the token.
        name: what it is for.
        hint: its last characters.
        scopes: permissions and patterns to which it is narrowed.
        owner: name of the person whose rights it carries.
        state: `orphaned` when its owner's access has ended.
        created_at: when it was issued.
        expires_at: end of its life.
        last_used_at: to within some minutes.
    """

    id: UUID
    name: str
    hint: str
    scopes: list[str]
    owner: str
    state: Literal["live", "expired", "revoked", "orphaned"]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class TokenIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token to issue; it expires within a year."""

    name: str
    scopes: list[Annotated[str, msgspec.Meta(max_length=200)]]
    expires_at: datetime


class Issued(msgspec.Struct, frozen=True):
    """A token, told this once; send it as `Authorization: Bearer <token>`."""

    id: UUID
    token: str


@read("/tokens", permission=TOKENS_WRITE, tags=["tokens"])
async def read_tokens(ctx: Context) -> list[TokenView]:
    """List the caller's tokens, to an owner those of everybody; the latest first."""
    now = ctx.clock.now()
    return [_view(token, now) for token in await list_tokens(ctx)]


@create("/tokens", permission=TOKENS_WRITE, recent=True, tags=["tokens"])
async def make_token(ctx: Context, kernel: Kernel, data: TokenIn) -> Issued:
    """Issue a token for the caller, soon after they proved who they are."""
    new = NewToken(data.name, tuple(data.scopes), data.expires_at)
    return Issued(*await issue_token(ctx, new, permission_groups(kernel.host, ctx.plugins)))


@delete("/api/v1/tokens/{token_id:uuid}", opt={"permission": TOKENS_WRITE, "surface": "api"}, tags=["tokens"])
async def remove_token(ctx: Context, kernel: Kernel, token_id: UUID) -> None:
    """Revoke a token; it opens nothing any more."""
    await revoke_token(ctx, token_id)
    rights_changed(kernel)


def _view(token: IssuedToken, now: datetime) -> TokenView:
    return TokenView(
        token.id, token.name, token.hint, token.scopes, token.owner, token.state_at(now), token.created_at,
        token.expires_at, token.last_used_at,
    )  # fmt: skip


HANDLERS = (read_tokens, make_token, remove_token)
