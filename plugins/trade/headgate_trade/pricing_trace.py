"""Why a price is what it is: each rule that was considered, what it would give, and which one won.

The trace is stored on every order line for ever, so it is short: words are English msgids, translated when
somebody looks; sources are the tenant's own names, numbers and dates.
"""

from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Literal

import msgspec
from headgate_sdk.i18n import N_

Rule = Literal["fixed", "tracked", "list", "level", "base", "agreed"]

RULE_NAMES: dict[str, str] = {
    "agreed": N_("Agreed price"),
    "fixed": N_("Customer's fixed price"),
    "tracked": N_("Last price"),
    "list": N_("Price list"),
    "level": N_("Level discount"),
    "base": N_("Base price"),
}
"""English msgid of each rule, in the order in which they are asked."""

WON = N_("The first rule with a price")
OUTRANKED = N_("A rule above has a price")
NOT_SET = N_("No price set for this unit")
NEVER_TRADED = N_("Not bought in this unit yet")
NO_LIST = N_("The customer's group has no price list")
NOT_LISTED = N_("Not on the price list")
NO_LEVEL = N_("The customer has no level")
NO_DISCOUNT = N_("The level gives no discount")
NO_CUSTOMER = N_("No customer: base prices")
AGREED = N_("Agreed with the customer for this order")


class TraceEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule that was considered.

    Args:
        rule: id of the rule, see `RULE_NAMES`.
        price: of one sales unit, as text; none where the rule has no price.
        source: where it comes from: list, order, level, or who set it and when.
        won: whether this rule gave the price.
        why: English msgid.
    """

    rule: str
    price: str | None = None
    source: str = ""
    won: bool = False
    why: str = ""


_encode = msgspec.json.Encoder(decimal_format="string").encode
_decode = msgspec.json.Decoder(tuple[TraceEntry, ...]).decode


def trace_json(trace: tuple[TraceEntry, ...]) -> str:
    """Write a trace as the order line stores it."""
    return _encode(trace).decode()


def read_trace(text: str | bytes) -> tuple[TraceEntry, ...]:
    """Read a stored trace."""
    return _decode(text)


def with_agreed(trace: tuple[TraceEntry, ...], price: Decimal, by: str) -> tuple[TraceEntry, ...]:
    """Give the trace of a line that is sold at an agreed price; what the rules gave stays in it."""
    lost = tuple(
        TraceEntry(entry.rule, entry.price, entry.source, won=False, why=OUTRANKED) if entry.won else entry
        for entry in trace
    )
    return (TraceEntry("agreed", format(price, "f"), by, won=True, why=AGREED), *lost)


def day_of(moment: datetime, zone: tzinfo) -> str:
    """Write the day of a moment as the tenant's calendar has it."""
    return moment.astimezone(zone).date().isoformat()
