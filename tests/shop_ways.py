"""What a filled distributor has of the other ways to sign in."""

import secrets
from uuid import UUID

from headgate_kernel.identity.oidc.exchange import Identity
from headgate_kernel.identity.oidc.settings import SsoForm, save_sso
from headgate_kernel.identity.oidc.staff import link_member, list_links
from headgate_kernel.runtime import Kernel
from headgate_sdk.context import Context
from headgate_sdk.ids import new_id
from headgate_sdk.secrets import Secret
from headgate_sdk.testing.tenants import actor_of


async def fill_ways(kernel: Kernel, ctx: Context, canary: str) -> UUID:
    """Set an identity provider up that is switched off, with two people who are known to it.

    Returns:
        The link of the clerk.
    """
    tenant = await kernel.tenant(ctx.tenant.slug)
    issuer = f"https://{canary}.example"
    await save_sso(
        ctx, SsoForm(name=f"Id {canary}", issuer=issuer, client_id=canary, client_secret=Secret(canary))
    )
    for role in ("owner", "clerk"):
        actor = await actor_of(kernel, tenant, role)
        assert actor.membership_id is not None
        identity = Identity(issuer, f"{role}-{canary}", f"{role}@{canary}.example", False, role)
        await link_member(ctx, actor.membership_id, identity, name=role)
    return next(link.id for link in await list_links(ctx) if link.email.startswith("clerk"))


async def add_passkey(kernel: Kernel, ctx: Context, canary: str) -> UUID:
    """Give the owner a passkey at the distributor's host."""
    owner = await actor_of(kernel, await kernel.tenant(ctx.tenant.slug), "owner")
    passkey_id = new_id()
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            """
            INSERT INTO person_passkey (id, person_id, rp_id, credential_id, public_key, sign_count,
                                        transports, synced, name, created_at)
            VALUES ($1, $2, $3, $4, $4, 0, '{}', false, $5, $6)
            """,
            passkey_id, owner.person_id, f"{ctx.tenant.slug}.localhost", secrets.token_bytes(32),
            f"Key {canary}", kernel.clock.now(),
        )  # fmt: skip
    return passkey_id
