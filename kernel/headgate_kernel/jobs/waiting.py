"""Lets jobs go on that waited for their plugin to be switched on again, or for their tenant."""

from typing import TYPE_CHECKING

from headgate_sdk.ids import TenantId

from headgate_kernel.jobs.doorbell import ring_all

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

AT_ONCE = 100


async def resume_waiting(kernel: "Kernel") -> int:
    """Make jobs ready that may run now; gives how many."""
    resumed = 0
    async with kernel.databases.platform_scope() as db:
        candidates = await db.fetch(_CANDIDATES, AT_ONCE)
    for row in candidates:
        tenant = await kernel.directory.by_id(TenantId(row["tenant_id"]))
        if tenant is None or (row["plugin"] and row["plugin"] not in tenant.plugins):
            continue  # its plugin is switched on, but is not installed here or lacks what it requires
        async with kernel.databases.platform_scope() as db:
            tag = await db.execute(
                "UPDATE job SET state = 'ready' WHERE tenant_id = $1 AND plugin = $2 AND state = 'waiting'",
                row["tenant_id"], row["plugin"],
            )  # fmt: skip
            db.after_commit(ring_all)
        resumed += int(tag.rpartition(" ")[2])
    return resumed


_CANDIDATES = """
SELECT w.tenant_id, w.plugin
FROM (SELECT DISTINCT tenant_id, plugin FROM job WHERE state = 'waiting') AS w
JOIN tenant t ON t.id = w.tenant_id AND t.state = 'active'
WHERE w.plugin = '' OR EXISTS (
    SELECT FROM plugin_activation a
    WHERE a.tenant_id = w.tenant_id AND a.plugin = w.plugin AND a.state = 'active')
LIMIT $1
"""
