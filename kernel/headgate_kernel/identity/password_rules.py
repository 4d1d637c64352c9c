"""Which passwords are refused: those that guessers try first, judged offline by zxcvbn.

zxcvbn (https://github.com/dropbox/zxcvbn) knows the most used and leaked passwords, names, words, keyboard
rows and dates, and counts how many guesses a password would stand. Of a long one only the beginning counts.
"""

import asyncio
from collections.abc import Iterable

from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from zxcvbn import zxcvbn  # type: ignore[import-untyped]

from headgate_kernel.identity.passwords import MAX_LENGTH, MIN_LENGTH

FEWEST_GUESSES = 10**8
"""What a password must stand; sign-in answers some hundreds a day, the hash some hundred a second."""
LOOKED_AT = 64
SHORTEST_WORD = 3

PERSONAL = N_(
    "This password is made of your name, your login or the distributor's name. "
    "Take words that nobody connects with you."
)
COMMON = N_(
    "This password is among those that guessers try first. "
    "Take four words that do not belong together, or let a password manager make one."
)
PATTERN = N_(
    "Repeated letters, rows of keys and dates are guessed quickly. "
    "Take four words that do not belong together, or let a password manager make one."
)
QUICK = N_(
    "This password is guessed quickly. "
    "Take four words that do not belong together, or let a password manager make one."
)


async def check_new_password(password: str, about: Iterable[str] = (), *, field: str = "password") -> None:
    """Refuse a password that is easily guessed.

    Args:
        password: as typed.
        about: words that others know of the person: logins, name, the distributor's name.
        field: named in the error.

    Raises:
        Invalid: says why, and what makes a better one.
    """
    if len(password) < MIN_LENGTH:
        raise Invalid(N_("The password needs at least {n} characters."), field=field, n=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        raise Invalid(N_("The password may have at most {n} characters."), field=field, n=MAX_LENGTH)
    weakness = await asyncio.to_thread(_weakness, password[:LOOKED_AT], words_of(about))
    if weakness:
        raise Invalid(weakness, field=field)


def words_of(about: Iterable[str]) -> list[str]:
    """Give the words that somebody who knows the person would try, as they are and in parts."""
    words: set[str] = set()
    for text in about:
        folded = text.casefold()
        parts = "".join(letter if letter.isalnum() else " " for letter in folded).split()
        words.update(("".join(parts), *parts))
    return sorted(word for word in words if len(word) >= SHORTEST_WORD)


def _weakness(password: str, words: list[str]) -> str | None:
    judged = zxcvbn(password, user_inputs=words)
    known = [part for part in judged["sequence"] if part.get("dictionary_name") == "user_inputs"]
    if 2 * sum(len(part["token"]) for part in known) >= len(password):
        return PERSONAL
    if judged["guesses"] >= FEWEST_GUESSES:
        return None
    if any(part.get("dictionary_name") == "passwords" for part in judged["sequence"]):
        return COMMON
    patterns = {part["pattern"] for part in judged["sequence"]}
    return PATTERN if patterns & {"repeat", "sequence", "spatial", "date"} else QUICK
