"""Addresses of a tenant: under the installation's domain, or under a name of the distributor's own."""

from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, Invalid
from headgate_sdk.i18n import N_

from headgate_kernel.tenancy.directory import touch
from headgate_kernel.tenancy.operating import note_deed
from headgate_kernel.tenancy.tenants import HOST, RESERVED

MOST = 20
LONGEST = 253


async def list_hosts(ctx: Context) -> list[str]:
    """Give the tenant's addresses; the first is the one that links use."""
    rows = await ctx.db.fetch(
        "SELECT host FROM tenant_host WHERE tenant_id = $1 ORDER BY host", ctx.tenant.id
    )
    return [row["host"] for row in rows]


async def add_host(ctx: Context, text: str, *, domain: str) -> str:
    """Give the tenant one more address.

    Args:
        ctx: of the tenant, acting as an operator (`tenancy.operating`).
        text: a whole host name, or a label under the installation's domain.
        domain: of the installation.

    Returns:
        The whole host name.

    Raises:
        Invalid: it is no host name, or is reserved.
        Conflict: it belongs to another tenant, or there are enough.
    """
    host = check_host(text, domain=domain)
    known = await list_hosts(ctx)
    if len(known) >= MOST:
        raise Conflict(N_("{n} addresses are enough. Remove one first."), field="host", n=MOST)
    owner = await ctx.db.fetch_value(
        """
        INSERT INTO tenant_host (host, tenant_id) VALUES ($1, $2)
        ON CONFLICT (host) DO UPDATE SET host = excluded.host RETURNING tenant_id
        """,
        host, ctx.tenant.id,
    )  # fmt: skip
    if owner != ctx.tenant.id:
        raise Conflict(N_("The address {host} belongs to another distributor."), field="host", host=host)
    if host not in known:
        await touch(ctx.db, ctx.tenant.id)
        await note_deed(ctx, "tenant.host_add", host=host)
    return host


async def remove_host(ctx: Context, host: str) -> None:
    """Take an address away; the last one stays.

    Raises:
        Invalid: the tenant does not have it.
        Conflict: it is the last one.
    """
    known = await list_hosts(ctx)
    if host not in known:
        raise Invalid(N_("The distributor does not have this address."), field="host")
    if len(known) == 1:
        raise Conflict(N_("This is the only address. Add another one first."), field="host")
    await ctx.db.execute("DELETE FROM tenant_host WHERE tenant_id = $1 AND host = $2", ctx.tenant.id, host)
    await touch(ctx.db, ctx.tenant.id)
    await note_deed(ctx, "tenant.host_remove", host=host)


def check_host(text: str, *, domain: str) -> str:
    """Give the whole host name that was meant.

    Raises:
        Invalid: it is none, or is reserved.
    """
    host = text.strip().lower().rstrip(".")
    if host and "." not in host and host != domain:
        host = f"{host}.{domain}"
    if not HOST.fullmatch(host) or len(host) > LONGEST:
        raise Invalid(
            N_("'{host}' cannot be a host name: use small letters, digits and hyphens."),
            field="host", host=text.strip()[:80],
        )  # fmt: skip
    own = host == domain or (host.endswith(f".{domain}") and host.removesuffix(f".{domain}") in RESERVED)
    if own:
        raise Invalid(N_("The address '{host}' is reserved for Headgate."), field="host", host=host)
    return host
