"""What an attribute is saved from, and the checks that it must pass."""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec
from headgate_sdk.errors import HeadgateError, Invalid, InvalidFields
from headgate_sdk.i18n import N_

from headgate_trade.catalogue_input import MAX_NAME

AttributeType = Literal["number", "text", "choice", "bool"]
TYPES: dict[AttributeType, str] = {
    "number": N_("A number"), "text": N_("Text"), "choice": N_("Choice"), "bool": N_("Yes or no"),
}  # fmt: skip
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
MAX_LABEL = 80
MAX_UNIT = 20
MAX_CHOICES = 200
_LONG_CHOICE = N_("Each has 1 to {most} characters.")


class AttributeInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An attribute to save; category and key tell whether it is a new one. Fields as in `Attribute`."""

    category: str
    key: str
    name: str
    type: AttributeType
    unit: str = ""
    choices: tuple[str, ...] = ()


def check_attributes(rows: Sequence[AttributeInput]) -> None:
    """Insist that attributes can be saved.

    Raises:
        InvalidFields: everything that keeps them from it, by field and row (one-based).
    """
    problems: list[HeadgateError] = []
    seen: set[tuple[str, str]] = set()
    for number, row in enumerate(rows, 1):
        problems += attribute_problems(row, number)
        if (row.category, row.key) in seen:
            problems.append(
                Invalid(N_("The key {key} is there twice."), field="key", row=number, key=row.key)
            )
        seen.add((row.category, row.key))
    if problems:
        raise InvalidFields(problems)


def attribute_problems(row: AttributeInput, number: int | None = None) -> list[HeadgateError]:
    """Give everything that keeps an attribute from being saved; each names field and row."""
    problems: list[HeadgateError] = []

    def wrong(field: str, message: str, **params: object) -> None:
        problems.append(Invalid(message, field=field, row=number, **params))

    for field, text, most in (("category", row.category, MAX_NAME), ("name", row.name, MAX_LABEL)):
        if not text.strip():
            wrong(field, N_("Please fill this in."))
        elif len(text) > most:
            wrong(field, N_("Too long: {most} characters at most."), most=most)
    if not KEY.fullmatch(row.key):
        wrong("key", N_("A key begins with a small letter and has small letters, digits and _ only."))
    if row.type not in TYPES:
        wrong("type", N_("The type is one of: {known}."), known=", ".join(TYPES))
    if len(row.unit) > MAX_UNIT:
        wrong("unit", N_("Too long: {most} characters at most."), most=MAX_UNIT)
    if row.unit and row.type != "number":
        wrong("unit", N_("Only numbers have a unit."))
    if message := _choices_problem(row):
        wrong("choices", message, most=MAX_LABEL if message == _LONG_CHOICE else MAX_CHOICES)
    return problems


def _choices_problem(row: AttributeInput) -> str:
    """Say what is wrong with the list to choose from, if anything."""
    if row.type == "choice" and not row.choices:
        return N_("List what can be chosen.")
    if row.type != "choice" and row.choices:
        return N_("Only a choice has a list to choose from.")
    if len(row.choices) > MAX_CHOICES:
        return N_("At most {most} can be listed.")
    if any(not choice.strip() or len(choice) > MAX_LABEL for choice in row.choices):
        return _LONG_CHOICE
    return N_("One of them is listed twice.") if len(set(row.choices)) < len(row.choices) else ""
