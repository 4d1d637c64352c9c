"""The operator's hands in one tenant: the platform's rights, in the tenant's scope, in the operator's name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from headgate_sdk.context import Actor, Context

from headgate_kernel.database.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel
    from headgate_kernel.tenancy.directory import Tenant

COMMAND_LINE = Actor("operator", "headgate")
"""Who acts when somebody with a shell on the machine does."""


@asynccontextmanager
async def operating(kernel: "Kernel", tenant: "Tenant", actor: Actor) -> AsyncIterator[Context]:
    """Open a unit of work on one tenant that may also touch the platform's tables; commits on a normal exit.

    Row-level security does not bind it, so every predicate names the tenant, as everywhere. What other
    workers hold of the tenant is forgotten afterwards.

    Args:
        kernel: of the process.
        tenant: whose.
        actor: an operator.
    """
    async with UnitOfWork(kernel.databases.platform, tenant.info.id) as work:
        work.after_commit(lambda: kernel.directory.forget(tenant.info.id))
        yield kernel.make_context(tenant, actor, work)
