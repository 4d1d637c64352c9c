"""Sealing and verifying by the clock."""

import logging
from typing import TYPE_CHECKING

import msgspec
from headgate_sdk.context import SYSTEM

from headgate_kernel.audit.log import PLATFORM, append_platform_entry
from headgate_kernel.audit.sealing import seal_all, seal_chain
from headgate_kernel.audit.verifying import record_verdict, verify_chain

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

log = logging.getLogger(__name__)


async def seal_waiting(kernel: "Kernel", tenant_id: int, payload: msgspec.Struct) -> None:
    """Link what waits, of all tenants."""
    await seal_all(kernel.databases)


async def verify_one(kernel: "Kernel", tenant_id: int, payload: msgspec.Struct) -> None:
    """Verify one chain, keep what was found, and tell the operators where it is not whole."""
    await seal_chain(kernel.databases, tenant_id)
    verdict = await verify_chain(kernel.databases, tenant_id)
    now = kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        await record_verdict(db, verdict, now)
        if verdict.findings:
            slug = await db.fetch_value("SELECT slug FROM tenant WHERE id = $1", tenant_id)
            log.error("the audit log of tenant %s is not whole: %s", tenant_id, verdict.findings[0])
            await append_platform_entry(
                db, actor=SYSTEM, action="audit.not_whole", subject=slug or "", now=now,
                details={"findings": [str(finding) for finding in verdict.findings[:10]]},
            )  # fmt: skip


async def verify_platform(kernel: "Kernel", tenant_id: int, payload: msgspec.Struct) -> None:
    """Verify the operators' own chain."""
    await verify_one(kernel, PLATFORM, payload)
