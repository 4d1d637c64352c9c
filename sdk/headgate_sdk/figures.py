"""What a plugin tells the operator of a tenant's day: counts and times, never rows or names."""

from datetime import datetime

import msgspec


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of one tenant; either a count or a time.

    Args:
        key: `orders_today` and `last_order` stand in the console's list of all tenants, added up or the
            latest over all plugins; any other stands on the tenant's own page.
        label: English msgid, two or three words.
        count: how many.
        moment: when; None for never.
    """

    key: str
    label: str
    count: int | None = None
    moment: datetime | None = None
