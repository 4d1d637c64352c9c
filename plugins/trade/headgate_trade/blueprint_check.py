"""What is wrong with trade's sections of a blueprint, and with the files beside it; needs no database."""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from headgate_sdk.blueprint import Blueprint, BlueprintCheck, BlueprintProblem, Sample
from headgate_sdk.errors import HeadgateError
from headgate_sdk.i18n import N_

from headgate_trade.attribute_input import AttributeInput, attribute_problems
from headgate_trade.imports.catalogue_csv import catalogue_columns
from headgate_trade.imports.customers_csv import COLUMNS as CUSTOMER_COLUMNS
from headgate_trade.imports.prices_csv import CUSTOMER_COLUMNS as CUSTOMER_PRICE_COLUMNS
from headgate_trade.imports.prices_csv import LIST_COLUMNS
from headgate_trade.imports.reading import Column, read_table
from headgate_trade.imports.retail_history import COLUMNS as HISTORY_COLUMNS

SECTIONS = ("price_levels", "price_lists", "customer_groups", "attributes", "sample")
_COLUMNS: dict[str, Sequence[Column]] = {
    "file": HISTORY_COLUMNS,
    "customers": CUSTOMER_COLUMNS,
    "price_lists": LIST_COLUMNS,
    "customer_prices": CUSTOMER_PRICE_COLUMNS,
}


def check_part(blueprint: Blueprint, folder: Path) -> BlueprintCheck:
    """Give everything that is wrong with trade's part of a blueprint."""
    problems = [*_twice(blueprint), *_lists(blueprint), *_attributes(blueprint), *_buyers(blueprint)]
    if blueprint.sample is not None:
        problems += _files(blueprint.sample, folder)
    return BlueprintCheck(SECTIONS, tuple(problems))


def _twice(blueprint: Blueprint) -> Iterator[BlueprintProblem]:
    for section in ("price_levels", "price_lists", "customer_groups"):
        rows = getattr(blueprint, section)
        for field in ("key", "name"):
            names = [getattr(row, field) for row in rows]
            for number, name in enumerate(names):
                if name in names[:number]:
                    yield BlueprintProblem(
                        (section, number, field), N_("{name} is there twice. Leave one out."), {"name": name}
                    )


def _lists(blueprint: Blueprint) -> Iterator[BlueprintProblem]:
    keys = [one.key for one in blueprint.price_lists]
    for number, group in enumerate(blueprint.customer_groups):
        if group.price_list and group.price_list not in keys:
            yield _unknown(("customer_groups", number, "price_list"), group.price_list, keys)


def _unknown(path: tuple[str | int, ...], name: str, known: Iterable[str]) -> BlueprintProblem:
    meant = next(iter(difflib.get_close_matches(name, list(known), n=1)), "")
    if meant:
        return BlueprintProblem(
            path, N_("There is no price list {name}. Did you mean {meant}?"), {"name": name, "meant": meant}
        )
    return BlueprintProblem(
        path, N_("There is no price list {name}. Add it to the price lists."), {"name": name}
    )


def _attributes(blueprint: Blueprint) -> Iterator[BlueprintProblem]:
    seen: set[tuple[str, str]] = set()
    for number, one in enumerate(blueprint.attributes):
        row = AttributeInput(one.category, one.key, one.name, one.type, one.unit, one.choices)
        yield from (
            _told(("attributes", number, problem.field), problem) for problem in attribute_problems(row)
        )
        if (one.category, one.key) in seen:
            yield BlueprintProblem(
                ("attributes", number, "key"), N_("{name} is there twice. Leave one out."), {"name": one.key}
            )
        seen.add((one.category, one.key))


def _buyers(blueprint: Blueprint) -> Iterator[BlueprintProblem]:
    for number, person in enumerate(blueprint.people):
        if person.kind == "customer" and not person.customer:
            yield BlueprintProblem(
                ("people", number), N_("A buyer orders for a company: give its code as `customer`.")
            )
        if person.kind == "staff" and person.customer:
            yield BlueprintProblem(
                ("people", number, "customer"), N_("Staff order for no company. Leave this out.")
            )


def _files(sample: Sample, folder: Path) -> Iterator[BlueprintProblem]:
    if sample.kind == "retail-history":
        yield from _file("file", sample.file, folder, required=True)
        for field in ("catalogue", "customers", "price_lists", "customer_prices"):
            if getattr(sample, field):
                yield BlueprintProblem(("sample", field), N_("A history brings this itself. Leave it out."))
        return
    yield from _file("catalogue", sample.catalogue, folder, required=True)
    for field in ("customers", "price_lists", "customer_prices"):
        yield from _file(field, getattr(sample, field), folder)
    if sample.file:
        yield BlueprintProblem(("sample", "file"), N_("This is for a history only. Leave it out."))


def _file(field: str, name: str, folder: Path, *, required: bool = False) -> Iterator[BlueprintProblem]:
    path: tuple[str | int, ...] = ("sample", field)
    if not name:
        if required:
            yield BlueprintProblem(path, N_("Name the file."))
        return
    if not (folder / name).is_file():
        yield BlueprintProblem(path, N_("There is no file {file}."), {"file": str(folder / name)})
        return
    try:
        _look_into(field, folder / name)
    except HeadgateError as problem:
        yield _told(path, problem)


def _look_into(field: str, file: Path) -> None:
    """Insist that a file can be read and has its columns.

    Raises:
        HeadgateError: says what is wrong.
    """
    columns = catalogue_columns(file) if field == "catalogue" else _COLUMNS[field]
    next(read_table(file, columns), None)


def _told(path: tuple[str | int, ...], problem: HeadgateError) -> BlueprintProblem:
    return BlueprintProblem(
        path, problem.message, {name: str(value) for name, value in problem.params.items()}
    )
