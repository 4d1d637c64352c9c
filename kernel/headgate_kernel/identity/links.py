"""A tenant as messages speak of it: its name, language and the addresses of its pages."""

from typing import TYPE_CHECKING

import msgspec
from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_

from headgate_kernel.database.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from headgate_sdk.database import Database
    from headgate_sdk.ids import TenantId

    from headgate_kernel.runtime import Kernel


class Sender(msgspec.Struct, frozen=True):
    """In whose name a message is sent.

    Args:
        name: of the distributor, or of the platform.
        locale: that its people read, if they chose none.
        timezone: of its days.
        address: of its pages, without a slash at the end.
    """

    name: str
    locale: str
    timezone: str
    address: str

    def link(self, path: str) -> str:
        """Give the whole address of a page."""
        return self.address + path


async def find_sender(kernel: "Kernel", db: "Database", tenant_id: "TenantId | None") -> Sender:
    """Give in whose name something is sent.

    Args:
        kernel: of the process.
        db: the transaction at hand, of the platform or of the tenant.
        tenant_id: whose; None is the operator's console.

    Raises:
        NotFound: the tenant has no host.
    """
    if tenant_id is None:
        return Sender(
            "Headgate", "zh_CN", "Asia/Shanghai", _address(kernel, f"console.{kernel.settings.domain}")
        )
    if isinstance(db, UnitOfWork) and db.tenant_id is not None:  # hosts are the platform's to read
        async with kernel.databases.platform_scope() as platform:
            row = await platform.fetch_row(_TENANT, tenant_id)
    else:
        row = await db.fetch_row(_TENANT, tenant_id)
    if row is None:
        raise NotFound(N_("The distributor has no address yet."))
    return Sender(row["name"], row["locale"], row["timezone"], _address(kernel, row["host"]))


def _address(kernel: "Kernel", host: str) -> str:
    settings = kernel.settings
    port = f":{settings.public_port}" if settings.public_port else ""
    return f"{'https' if settings.secure_cookies else 'http'}://{host}{port}"


_TENANT = """
SELECT t.name, t.locale, t.timezone, min(h.host) AS host
FROM tenant t JOIN tenant_host h ON h.tenant_id = t.id
WHERE t.id = $1 GROUP BY t.id
"""
