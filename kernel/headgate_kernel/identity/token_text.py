"""How an API token is written: `hgt_`, 32 random bytes, a checksum; all letters and digits.

Scanners for leaked secrets know it by its prefix, and by the checksum that it is no accident (GitHub's form:
https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/). A mistyped token is told
from a good one without a look into the database.
"""

import secrets
import zlib

PREFIX = "hgt_"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LENGTH = 43  # 62 ** 43 > 2 ** 256
_CHECKSUM_LENGTH = 6  # 62 ** 6 > 2 ** 32
_LENGTH = len(PREFIX) + _SECRET_LENGTH + _CHECKSUM_LENGTH


def new_token_text() -> str:
    """Make a token."""
    text = PREFIX + _base62(int.from_bytes(secrets.token_bytes(32)), _SECRET_LENGTH)
    return text + _checksum(text)


def is_token_text(text: str) -> bool:
    """Tell whether a text can be a token at all: prefix, length and checksum fit."""
    if len(text) != _LENGTH or not text.startswith(PREFIX) or not text.isascii():
        return False
    return _checksum(text[:-_CHECKSUM_LENGTH]) == text[-_CHECKSUM_LENGTH:]


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, rest = divmod(number, 62)
        digits.append(_DIGITS[rest])
    return "".join(reversed(digits))
