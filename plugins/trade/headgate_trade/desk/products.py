"""One SKU made or altered by hand: a new one never overwrites, and a new name keeps the picture."""

from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid, InvalidFields
from headgate_sdk.i18n import N_

from headgate_trade.catalogue import get_sku, save_skus, set_product_image
from headgate_trade.catalogue_input import SkuInput


async def create_sku(ctx: Context, sku: SkuInput) -> UUID:
    """Make a SKU.

    Raises:
        InvalidFields: what cannot be saved, and a code that is taken.
    """
    ctx.require("trade.catalogue.write")
    taken = await ctx.db.fetch_value(
        "SELECT name FROM trade_sku WHERE tenant_id = $1 AND code = $2", ctx.tenant.id, sku.code
    )
    if taken is not None:
        raise InvalidFields([
            Invalid(N_("The code {code} is taken by {name}."), field="code", code=sku.code, name=taken)
        ])  # fmt: skip
    await save_skus(ctx, [sku])
    made: UUID = await ctx.db.fetch_value(
        "SELECT id FROM trade_sku WHERE tenant_id = $1 AND code = $2", ctx.tenant.id, sku.code
    )
    return made


async def change_sku(ctx: Context, sku_id: UUID, sku: SkuInput) -> None:
    """Alter a SKU; under another name or category it belongs to another product, which gets the picture.

    Raises:
        InvalidFields: what cannot be saved.
        NotFound: no such SKU.
    """
    before = await get_sku(ctx, sku_id)
    await save_skus(ctx, [sku])
    after = await get_sku(ctx, sku_id)
    if before.image_id is not None and after.image_id is None:
        await set_product_image(ctx, after.product_id, before.image_id)
