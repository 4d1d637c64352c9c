"""What a distributor chooses about trade."""

from typing import Annotated, Literal

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.i18n import N_
from msgspec import Meta

StockDisplay = Literal["exact", "band", "flag", "off"]
STOCK_DISPLAYS: dict[StockDisplay, str] = {
    "exact": N_("How much there is"),
    "band": N_("Roughly, such as 100 or more"),
    "flag": N_("Whether there is any"),
    "off": N_("Nothing at all"),
}


class TradeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of trade."""

    stock_display: Annotated[
        StockDisplay,
        Meta(
            title=N_("Stock that customers see"),
            description=N_("Staff always see how much there is."),
            extra={"options": STOCK_DISPLAYS},
        ),
    ] = "exact"
    few: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            title=N_("Few are fewer than"),
            description=N_("Sales units; from so many on an item counts as well in stock."),
        ),
    ] = 10


def tells_stock(ctx: Context) -> bool:
    """Tell whether who acts may know how much there is of an item."""
    return ctx.actor.kind != "customer" or ctx.settings(TradeSettings).stock_display == "exact"
