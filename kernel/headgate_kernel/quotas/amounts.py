"""Amounts of meters as people read them."""

from headgate_kernel.quotas.meters import Meter

_STEP = 1000
_UNITS = ("B", "kB", "MB", "GB", "TB")


def amount_in_words(meter: Meter, amount: int) -> str:
    """Write an amount: `12,000`, or `1.5 GB` (decimal, as disks are sold)."""
    return f"{amount:,}" if meter.unit == "number" else _bytes_in_words(amount)


def _bytes_in_words(amount: int) -> str:
    size, unit = float(amount), 0
    while size >= _STEP and unit < len(_UNITS) - 1:
        size, unit = size / _STEP, unit + 1
    digits = 0 if unit == 0 or size >= 100 or size.is_integer() else 1
    return f"{size:,.{digits}f} {_UNITS[unit]}"
