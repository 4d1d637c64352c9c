"""What is counted, and from when on."""

from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from headgate_sdk.i18n import N_

EVER = date(1970, 1, 1)
"""Period of meters that never begin anew: what is there, not what was done."""


class Meter(msgspec.Struct, frozen=True):
    """Something that plans limit.

    Args:
        key: its name in plans and code.
        label: English msgid.
        unit: how its numbers are written.
        monthly: begins anew with each month of the tenant's calendar.
        counted: the rows themselves are counted; else each use is added up.
    """

    key: str
    label: str
    unit: Literal["number", "bytes"] = "number"
    monthly: bool = False
    counted: bool = False


METERS = {
    meter.key: meter
    for meter in (
        Meter("orders", N_("Orders this month"), monthly=True),
        Meter("members", N_("People who may sign in"), counted=True),
        Meter("storage_bytes", N_("Pictures and files"), unit="bytes"),
        Meter("api_requests", N_("API requests this month"), monthly=True),
    )
}
"""By key, in the order in which they are shown."""


def period_of(meter: Meter, now: datetime, timezone: str) -> date:
    """Give the first day of the month, in the tenant's calendar, to which a use counts."""
    return month_of(now, timezone) if meter.monthly else EVER


def month_of(now: datetime, timezone: str) -> date:
    """Give the first day of the month that it is somewhere."""
    return now.astimezone(ZoneInfo(timezone)).date().replace(day=1)


def next_month(month: date) -> date:
    """Give the first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
