"""The operator's hands in one tenant: the platform's rights, the tenant in scope, the operator's name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from headgate_sdk.context import Actor, Context
from headgate_sdk.ids import TenantId
from headgate_sdk.tables import tenant_id_in_scope

from headgate_kernel.audit import append_platform_entry
from headgate_kernel.observe.current import current_request_id

if TYPE_CHECKING:
    from headgate_kernel.database.unit_of_work import UnitOfWork
    from headgate_kernel.runtime import Kernel
    from headgate_kernel.tenancy.directory import Tenant

COMMAND_LINE = Actor("operator", "headgate")
"""Who acts when somebody with a shell on the machine does."""


@asynccontextmanager
async def operating(
    kernel: "Kernel", tenant: "Tenant", actor: Actor, *, locale: str | None = None, address: str = ""
) -> AsyncIterator[Context]:
    """Open a unit of work on one tenant that may also touch the platform's tables; commits on a normal exit.

    Row-level security does not bind it, so every predicate names the tenant, as everywhere. What this process
    holds of the tenant is forgotten afterwards.

    Args:
        kernel: of the process.
        tenant: whose.
        actor: an operator.
        locale: the operator's language.
        address: of the operator, for the log.
    """
    async with kernel.databases.platform_scope() as work:
        work.after_commit(lambda: kernel.directory.forget(tenant.info.id))
        async with tenant_in_scope(work, tenant.info.id):
            yield kernel.make_context(
                tenant, actor, work, locale=locale, request_id=current_request_id(), address=address
            )


async def note_deed(ctx: Context, action: str, **details: object) -> None:
    """Write what an operator did to a tenant into both logs: the tenant's, and that of the platform."""
    await ctx.audit(action, ctx.tenant.slug, **details)
    await append_platform_entry(
        ctx.db, actor=ctx.actor, action=action, subject=ctx.tenant.slug, details=details, now=ctx.clock.now(),
        request_id=ctx.request_id, address=ctx.address,
    )  # fmt: skip


@asynccontextmanager
async def tenant_in_scope(work: "UnitOfWork", tenant_id: TenantId) -> AsyncIterator[None]:
    """Let tables and functions that ask for the tenant in scope find this one, in the platform's scope."""
    token = tenant_id_in_scope.set(tenant_id)
    await work.execute(f"SET LOCAL headgate.tenant_id = {tenant_id:d}")
    try:
        yield
    finally:
        tenant_id_in_scope.reset(token)
