"""Numbers, money and times as people read them. Chinese and English group digits alike: Python serves."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from headgate_sdk.context import Context
from headgate_sdk.money import SYMBOLS, Money, exponent, to_major
from headgate_sdk.quantity import quantity_text
from markupsafe import Markup, escape

MINUS = "\N{MINUS SIGN}"


def money(amount: Money | int | None, currency: str = "") -> Markup:
    """Write an amount with a small currency sign: `<span class="nowrap">…`."""
    if amount is None:
        return Markup("–")
    if isinstance(amount, Money):
        currency, amount = amount.currency, amount.amount
    digits = exponent(currency)
    text = f"{to_major(abs(amount), currency):,.{digits}f}"
    sign = MINUS if amount < 0 else ""
    symbol = escape(SYMBOLS.get(currency, currency))
    return Markup(f'<span class="nowrap">{sign}<span class="currency">{symbol}</span>{text}</span>')  # noqa: S704


def unit_price(price: Decimal | None, currency: str) -> Markup:
    """Write a unit price: at least the currency's digits, more where the price has them."""
    if price is None:
        return Markup("–")
    digits = exponent(currency)
    exact = -int(price.normalize().as_tuple().exponent)
    text = f"{price:,.{max(digits, exact)}f}"
    sign = escape(SYMBOLS.get(currency, currency))
    return Markup(f'<span class="nowrap"><span class="currency">{sign}</span>{text}</span>')  # noqa: S704


def number(value: Decimal | Fraction | int | None) -> str:
    """Write a count or quantity without trailing zeros."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Fraction):
        return quantity_text(value)
    whole = value == value.to_integral_value()
    return f"{int(value):,}" if whole else f"{value.normalize():,f}"


def clock_time(moment: datetime | None, timezone: str) -> str:
    """Write the time of day in a zone."""
    return "–" if moment is None else f"{moment.astimezone(ZoneInfo(timezone)):%H:%M}"


class Times:
    """Writes times in the tenant's zone and the reader's language.

    Args:
        ctx: whose zone, language and clock.
    """

    def __init__(self, ctx: Context) -> None:
        self._zone = ZoneInfo(ctx.tenant.timezone)
        self._locale = ctx.locale
        self._clock = ctx.clock

    def day(self, moment: datetime | None) -> str:
        """Write a day."""
        if moment is None:
            return "–"
        return format_date(moment.astimezone(self._zone), "yyyy-MM-dd", locale=self._locale)

    def moment(self, moment: datetime | None) -> str:
        """Write a day and a time."""
        if moment is None:
            return "–"
        return format_datetime(moment.astimezone(self._zone), "yyyy-MM-dd HH:mm", locale=self._locale)

    def ago(self, moment: datetime | None) -> str:
        """Write how long ago it was."""
        if moment is None:
            return "–"
        return format_timedelta(moment - self._clock.now(), add_direction=True, locale=self._locale)
