"""The search index of items: written with each change, and made again where a tenant was moved."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from headgate_sdk.context import Context

from headgate_trade.search import index_text, index_tokens

AT_ONCE = 1_000


class IndexedSku(msgspec.Struct, frozen=True):
    """What of an item can be found.

    Args:
        id: of the SKU.
        name: of the SKU.
        spec: of the SKU.
        code: the distributor's.
        maker_code: the maker's.
        barcode: EAN or empty.
        status: `active` or `stopped`.
    """

    id: UUID
    name: str
    spec: str
    code: str
    maker_code: str
    barcode: str
    status: str


async def write_index(ctx: Context, skus: Sequence[IndexedSku]) -> None:
    """Write what items are found by, in one statement."""
    await ctx.db.execute(
        """
        INSERT INTO trade_sku_search (tenant_id, sku_id, sort, tokens)
        SELECT $1, r.sku_id, r.sort, array_to_tsvector(string_to_array(r.words, ' '))
        FROM unnest($2::uuid[], $3::text[], $4::text[]) AS r(sku_id, sort, words)
        ON CONFLICT (tenant_id, sku_id) DO UPDATE SET sort = excluded.sort, tokens = excluded.tokens
        """,
        ctx.tenant.id, [sku.id for sku in skus], [sku.name for sku in skus],
        [_text(ctx, sku) for sku in skus],
    )  # fmt: skip


async def rebuild_index(ctx: Context) -> None:
    """Write the index of all items again, in batches."""
    last = ""
    while skus := await ctx.db.fetch_as(
        IndexedSku,
        """
        SELECT id, name, spec, code, maker_code, barcode, status FROM trade_sku
        WHERE tenant_id = $1 AND code > $2 ORDER BY code LIMIT $3
        """,
        ctx.tenant.id, last, AT_ONCE,
    ):  # fmt: skip
        await write_index(ctx, skus)
        last = skus[-1].code


def _text(ctx: Context, sku: IndexedSku) -> str:
    tokens = index_tokens(
        name=sku.name, spec=sku.spec, code=sku.code, maker_code=sku.maker_code, barcode=sku.barcode
    )
    return index_text(ctx.tenant.id, tokens, stopped=sku.status == "stopped")
