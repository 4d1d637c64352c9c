"""Write identity's deeds into the audit log: of the tenant at whose host it was, else the platform's."""

from typing import TYPE_CHECKING

from headgate_sdk.context import Actor, Context, TenantInfo
from headgate_sdk.ids import TenantId

from headgate_kernel.audit import append_entry, append_platform_entry

if TYPE_CHECKING:
    from headgate_sdk.database import Database

    from headgate_kernel.runtime import Kernel


async def record(  # noqa: PLR0917 (who did what to what, as it is told)
    kernel: "Kernel",
    db: "Database",
    tenant_id: TenantId | None,
    actor: Actor,
    action: str,
    subject: str,
    *,
    address: str = "",
    **details: object,
) -> None:
    """Append to the audit log in the platform's transaction in which the deed is done.

    Args:
        kernel: of the process.
        db: a platform scope: people and sessions belong to no tenant.
        tenant_id: in whose log; None is the platform's own.
        actor: who did it.
        action: what was done, e.g. `password.change`.
        subject: to whom or what.
        address: network address of who asked.
        details: before, after, reason.
    """
    now = kernel.clock.now()
    if tenant_id is None:
        await append_platform_entry(
            db, actor=actor, action=action, subject=subject, details=details, now=now, address=address
        )
        return
    # the log asks for the tenant's number only
    tenant = TenantInfo(tenant_id, slug="", name="", currency="", timezone="UTC", locale="en")
    ctx = Context(
        tenant=tenant, actor=actor, db=db, clock=kernel.clock, plugins=frozenset(), services=kernel,
        address=address,
    )  # fmt: skip
    await append_entry(ctx, action, subject, details)
