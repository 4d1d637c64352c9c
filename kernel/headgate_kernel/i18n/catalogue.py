"""Translations from `.po` files, read once at start. English is the source and needs no catalogue."""

from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable

from babel.messages.pofile import read_po

LOCALES = {"zh_CN": "中文", "en": "English"}
"""Languages that people may choose, with their own names."""

_BY_LANGUAGE = {locale.partition("_")[0]: locale for locale in LOCALES}


class Catalogue:
    """All translations of this process.

    Args:
        packages: import names whose `locale/<language>.po`, and `<language>.<room>.po` beside it, are read;
            the first that knows a string wins.
    """

    def __init__(self, packages: Iterable[str]) -> None:
        self._texts: dict[str, dict[str, str]] = {locale: {} for locale in LOCALES}
        for package in packages:
            for locale, texts in self._texts.items():
                for path in _po_files(package, locale):
                    with path.open("rb") as stream:
                        for message in read_po(stream, locale=locale):
                            if message.id and message.string and not message.fuzzy:
                                texts.setdefault(str(message.id), str(message.string))

    def translate(self, locale: str, text: str) -> str:
        """Give the text in a language; the text itself where it is not translated."""
        return self._texts.get(locale, {}).get(text, text)

    def choose(self, wanted: str) -> str | None:
        """Match a browser's `Accept-Language` with what there is."""
        ranges: list[tuple[float, str]] = []
        for part in wanted.split(",")[:10]:
            name, _, quality = "".join(part.split()).lower().partition(";q=")
            try:
                weight = float(quality or 1)
            except ValueError:
                continue
            if 0 < weight <= 1:
                ranges.append((weight, name.partition("-")[0]))
        for _, language in sorted(ranges, key=lambda one: -one[0]):
            if language in _BY_LANGUAGE:
                return _BY_LANGUAGE[language]
        return None


def _po_files(package: str, locale: str) -> list[Traversable]:
    folder = files(package) / "locale"
    if not folder.is_dir():
        return []
    found = [p for p in folder.iterdir() if p.name.startswith(f"{locale}.") and p.name.endswith(".po")]
    return sorted(found, key=lambda path: path.name)
