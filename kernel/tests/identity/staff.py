"""What the tests about people, roles and tokens share."""

from contextlib import asynccontextmanager

from headgate_kernel.identity.permissions import permission_groups
from headgate_kernel.identity.roles import RoleInput, create_role
from headgate_sdk.testing.tenants import actor_of

READ, WRITE = "sample.notes.read", "sample.notes.write"


def login_of(role, slug):
    """Give a person's login, by the key of their role."""
    return f"{role}@{slug}.example"


@asynccontextmanager
async def acting(kernel, tenant, role):
    """Open a unit of work of one of a tenant's people, with what they may do now."""
    async with kernel.context(tenant, actor=await actor_of(kernel, tenant, role)) as ctx:
        yield ctx


async def allow(kernel, tenant, role, *permissions):
    """Let a role do more or less, behind everybody's back."""
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute(
            "UPDATE role SET permissions = $3 WHERE tenant_id = $1 AND key = $2",
            tenant.info.id, role, list(permissions),
        )  # fmt: skip


async def member_id(ctx, role):
    """Give the membership of a tenant's person, by the key of their role."""
    return await ctx.db.fetch_value(
        "SELECT id FROM membership WHERE tenant_id = $1 AND login = $2",
        ctx.tenant.id, login_of(role, ctx.tenant.slug),
    )  # fmt: skip


async def role_id(ctx, key):
    """Give a role by its key."""
    return await ctx.db.fetch_value(
        "SELECT id FROM role WHERE tenant_id = $1 AND key = $2", ctx.tenant.id, key
    )


async def make_role(kernel, ctx, name, *permissions):
    """Make a role as whoever acts."""
    return await create_role(ctx, RoleInput(name, permissions), permission_groups(kernel.host, ctx.plugins))


async def audited(ctx, subject):
    """Give the audit log's entries about something, oldest first."""
    return await ctx.db.fetch(
        "SELECT action, details FROM audit_entry WHERE tenant_id = $1 AND subject = $2 ORDER BY id",
        ctx.tenant.id, str(subject),
    )  # fmt: skip
