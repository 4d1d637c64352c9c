"""Every English text of every package has its Chinese words, with the same places for values."""

import string
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

PACKAGES = ("headgate_sdk", "headgate_kernel", "headgate_trade", "headgate_mall", "headgate_order_minimum")
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**/messages/*.txt", "jinja2")]
KEYWORDS = {"_": None, "N_": None, "gettext": None}


def folder_of(package: str) -> Path:
    return Path(str(files(package)))


def msgids(package: str) -> dict[str, str]:
    """Give the texts that a package's code and templates mark, each with where it stands first."""
    found: dict[str, str] = {}
    whole = {"trimmed": "false", "silent": "false"}
    options = {"**.html": whole, "**/messages/*.txt": whole}
    for file, line, text, _, _ in extract_from_dir(
        folder_of(package), METHODS, options_map=options, keywords=KEYWORDS
    ):
        for one in (text,) if isinstance(text, str) else text:
            if one:
                found.setdefault(one, f"{file}:{line}")
    return found


def messages(package: str) -> Iterator[Message]:
    for path in sorted((folder_of(package) / "locale").glob("zh_CN*.po")):
        with path.open("rb") as stream:
            yield from (message for message in read_po(stream, locale="zh_CN") if message.id)


def catalogue(package: str) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in messages(package) if not message.fuzzy}


def known_to(package: str) -> dict[str, str]:
    """Give what a package's pages can be translated with: its own words, and those of the house."""
    return catalogue("headgate_sdk") | catalogue("headgate_kernel") | catalogue(package)


def places(text: str) -> Counter[str]:
    return Counter(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_text_has_chinese_words(package):
    known = known_to(package)
    missing = [f"{where}: {text!r}" for text, where in msgids(package).items() if not known.get(text)]
    assert not missing, "\n".join(
        [f"{len(missing)} texts of {package} have no entry in its zh_CN.po:", *missing]
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_translations_have_the_same_places_for_values(package):
    different = [
        f"{text!r} -> {words!r}"
        for text, words in catalogue(package).items()
        if places(text) != places(words)
    ]
    assert not different, "\n".join(different)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_entry_is_doubtful_or_given_twice(package):
    entries = list(messages(package))
    assert not [message.id for message in entries if message.fuzzy]
    lines = [
        line
        for path in (folder_of(package) / "locale").glob("zh_CN*.po")
        for line in path.read_text("utf-8").splitlines()
    ]
    written = Counter(line for line in lines if line.startswith("msgid "))
    del written['msgid ""']  # the header, and texts over several lines
    assert entries
    assert not [line for line, times in written.items() if times > 1]


def test_the_extraction_sees_code_templates_and_manifests():
    kernel = msgids("headgate_kernel")
    assert "Too many tries. Please wait {seconds} seconds." in kernel  # N_ in code
    assert "Skip to content" in kernel  # _ in a template
    assert "Order flow" in kernel
    assert "'{text}' is not a price. Write it like 12.50." in msgids("headgate_sdk")


@pytest.mark.parametrize(
    ("text", "words", "alike"),
    [("{n} of {m}", "{m} 之 {n}", True), ("{n}", "{m}", False), ("{n}", "无", False), ("{{n}}", "无", True)],
)
def test_places_are_compared_whatever_their_order(text, words, alike):
    assert (places(text) == places(words)) is alike
