"""What the tests of jobs look at."""

import asyncio

from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.directory import Tenant


async def rows_of(kernel: Kernel, tenant_id: int) -> list:
    """Give a tenant's jobs, oldest first."""
    async with kernel.databases.platform_scope() as db:
        return await db.fetch("SELECT * FROM job WHERE tenant_id = $1 ORDER BY id", tenant_id)


async def notes_of(kernel: Kernel, tenant: Tenant) -> list[str]:
    """Give the notes that jobs have left."""
    async with kernel.context(tenant) as ctx:
        rows = await ctx.db.fetch(
            "SELECT text FROM sample_note WHERE tenant_id = $1 ORDER BY id", ctx.tenant.id
        )
        return [row["text"] for row in rows]


async def until(look, wanted, *, every: float = 0.05, seconds: float = 15) -> None:
    """Look again and again until what is found is as wanted: equal, or by a condition."""
    async with asyncio.timeout(seconds):
        while True:
            found = await look()
            if wanted(found) if callable(wanted) else found == wanted:
                return
            await asyncio.sleep(every)
