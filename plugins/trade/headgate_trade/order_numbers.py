"""Order numbers: the tenant's date and six random characters, `241125-7KQ2ZD`.

Random rather than counted: a counter is one hot row for all orders, and tells buyers how many there are. The
characters are those of Crockford's base 32, which has no I, L, O or U to misread on the phone.
"""

import secrets
from datetime import datetime
from zoneinfo import ZoneInfo

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 6


def new_order_number(moment: datetime, timezone: str) -> str:
    """Make an order number; the database refuses the rare one that exists, and the caller makes another."""
    day = moment.astimezone(ZoneInfo(timezone)).strftime("%y%m%d")
    return f"{day}-{''.join([ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(_LENGTH)])}"
