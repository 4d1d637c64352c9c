"""Addresses of pages as they are written into messages, where no request says at which host they are."""

from typing import TYPE_CHECKING

from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_

from headgate_kernel.database.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from headgate_sdk.database import Database
    from headgate_sdk.ids import TenantId

    from headgate_kernel.runtime import Kernel


async def link_to(kernel: "Kernel", db: "Database", tenant_id: "TenantId | None", path: str) -> str:
    """Give the whole address of a page.

    Args:
        kernel: of the process.
        db: the transaction at hand, of the platform or the tenant.
        tenant_id: at whose host; None is the operator's console.
        path: of the page.

    Raises:
        NotFound: the tenant has no host.
    """
    settings = kernel.settings
    host = f"console.{settings.domain}"
    if tenant_id is not None:
        if isinstance(db, UnitOfWork) and db.tenant_id is not None:  # hosts are the platform's to read
            async with kernel.databases.platform_scope() as platform:
                found = await platform.fetch_value(_HOST, tenant_id)
        else:
            found = await db.fetch_value(_HOST, tenant_id)
        if found is None:
            raise NotFound(N_("The distributor has no address yet."))
        host = found
    port = f":{settings.public_port}" if settings.public_port else ""
    return f"{'https' if settings.secure_cookies else 'http'}://{host}{port}{path}"


_HOST = "SELECT min(host) FROM tenant_host WHERE tenant_id = $1"
