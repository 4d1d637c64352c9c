"""Making a shop's words of a warehouse's: names in normal capitals, categories by keyword, regions.

The history writes names in capitals and knows no categories; the words to go by are in `retail_words.toml`.
"""

import re
from importlib.resources import files

import msgspec

CHARGES = "Charges & services"
OTHER = "Other gifts"


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    category: str
    words: list[str]


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    proper: list[str]
    icons: dict[str, str]
    rules: list[_Rule]


_WORDS = msgspec.toml.decode((files(__package__) / "retail_words.toml").read_bytes(), type=_Words)
ICONS = _WORDS.icons
"""Icon of each category."""


def _whole_words(words: list[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})(?:s|es)?\b", re.IGNORECASE)


_PATTERNS = [(rule.category, _whole_words(rule.words)) for rule in _WORDS.rules]
_PROPER = {word.casefold(): word for word in _WORDS.proper}
_GOODS = re.compile(r"\d{5}[A-Za-z]{0,2}|DCGS\w*")
_SHOUTING = 0.6
"""Share of capitals from which on a name counts as written in capitals."""
_WORD = re.compile(r"[A-Za-z][A-Za-z']*")

EUROPE = frozenset({
    "Austria", "Belgium", "Channel Islands", "Cyprus", "Czech Republic", "Denmark", "EIRE",
    "European Community", "Finland", "France", "Germany", "Greece", "Iceland", "Italy", "Lithuania",
    "Malta", "Netherlands", "Norway", "Poland", "Portugal", "Spain", "Sweden", "Switzerland",
})  # fmt: skip
REGIONS = {"uk": "United Kingdom", "europe": "EU & Europe", "overseas": "Overseas"}


def is_goods(code: str) -> bool:
    """Tell goods from postage, fees, discounts, vouchers and manual entries by their stock code."""
    return _GOODS.fullmatch(code) is not None


def tidy_name(description: str) -> str:
    """Write a name in capitals as people write it: `WHITE T-LIGHT HOLDER` is `White T-light holder`."""
    text = re.sub(r"\s+", " ", description).strip(" .,*")
    text = re.sub(r"\s*,\s*", ", ", text)
    letters = [char for char in text if char.isalpha()]
    if sum(char.isupper() for char in letters) < _SHOUTING * len(letters):
        return text
    lowered = _WORD.sub(lambda match: _PROPER.get(match[0].casefold(), match[0].lower()), text)
    lowered = re.sub(r"\bt-light", "T-light", lowered)
    return lowered[:1].upper() + lowered[1:]


def category_of(code: str, name: str) -> str:
    """Find the category of a stock code by the words of its name."""
    if not is_goods(code):
        return CHARGES
    return next((category for category, pattern in _PATTERNS if pattern.search(name)), OTHER)


def region_of(country: str) -> str:
    """Give the key of the customer group that a country belongs to."""
    if country == "United Kingdom":
        return "uk"
    return "europe" if country in EUROPE else "overseas"
