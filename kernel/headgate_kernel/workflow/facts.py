"""Facts of a subject: declared by its type, checked when a flow starts, kept in JSON without a float."""

from collections.abc import Mapping
from decimal import Decimal

from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.workflow import FactType, FactValue, SubjectType

StoredFact = str | int | bool | None
"""A fact as it is kept: decimals as text."""

_TYPES: dict[FactType, type] = {
    "money": int,
    "integer": int,
    "decimal": Decimal,
    "text": str,
    "boolean": bool,
}


def check_facts(subject: SubjectType, facts: Mapping[str, FactValue]) -> dict[str, StoredFact]:
    """Check facts against their declarations and give them as they are kept.

    Raises:
        Invalid: a fact is unknown, missing or of another type; a fact that is not known yet is given as None.
    """
    declared = {fact.name: fact.type for fact in subject.facts}
    for name in facts:
        if name not in declared:
            raise Invalid(
                N_("{subject} declares no fact {fact}."), field=name, row=None, subject=subject.id, fact=name
            )
    stored: dict[str, StoredFact] = {}
    for name, kind in declared.items():
        if name not in facts:
            raise Invalid(N_("The fact {fact} is missing."), field=name, row=None, fact=name)
        value = facts[name]
        if value is not None and type(value) is not _TYPES[kind]:
            raise Invalid(
                N_("The fact {fact} must be of type {type}."), field=name, row=None, fact=name, type=kind
            )
        stored[name] = str(value) if isinstance(value, Decimal) else value
    return stored
