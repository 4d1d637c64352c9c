"""Stream an export over a connection of its own."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from headgate_kernel.database.pool import connect
from headgate_kernel.portability.writing import Exporter

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel


async def export_chunks(
    kernel: "Kernel", slug: str, *, with_secrets: bool = False, only: frozenset[str] | None = None
) -> AsyncIterator[bytes]:
    """Give a tenant's archive piece by piece; nothing is kept on this side.

    Args:
        kernel: of the process.
        slug: short name of the tenant.
        with_secrets: keys and tokens too.
        only: these tables and nothing else.

    Raises:
        NotFound: there is no such tenant.
    """
    connection = await connect(kernel.databases.server.platform)
    try:
        sealed = [(column.table, column.column) for column in kernel.secrets.columns]
        exporter = Exporter(connection, kernel.host, sealed, with_secrets=with_secrets, only=only)
        async for chunk in exporter.chunks(slug):
            yield chunk
    finally:
        await connection.close()
