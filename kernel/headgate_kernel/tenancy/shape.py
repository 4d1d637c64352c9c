"""Hold what was written in a file against the types it is to become, and tell everything that does not fit.

msgspec stops at the first fault; whoever writes a file wants to hear of all of them at once.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

import msgspec
from headgate_sdk.i18n import N_
from headgate_sdk.secrets import Secret
from msgspec import inspect

Path = tuple[str | int, ...]

SECRET_FORM = re.compile(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:/.+)")
"""Where a secret may be taken from."""


class Fault(msgspec.Struct, frozen=True):
    """Something that does not fit.

    Args:
        path: keys and numbers that lead there.
        message: English msgid, what to do.
        params: values for the message.
    """

    path: Path
    message: str
    params: dict[str, str] = {}


def find_faults(value: object, kind: Any, path: Path = ()) -> list[Fault]:
    """Give everything in a value, as TOML or JSON gives it, that keeps it from being of a type.

    Args:
        value: of dicts, lists and scalars.
        kind: a type; settings may have fields of the type `Secret`, written as `{ secret = "env:NAME" }`.
        path: where the value stands.
    """
    return list(_faults(value, _info(kind), path))


def nearest(word: str, known: Iterable[str]) -> str:
    """Give the known word that was probably meant, or nothing."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1)), "")


@cache
def _info(kind: Any) -> inspect.Type:
    return inspect.type_info(kind)


def _faults(value: object, info: inspect.Type, path: Path) -> Iterator[Fault]:
    while isinstance(info, inspect.Metadata):
        info = info.type
    check = _CHECKS.get(type(info))
    if check is not None:
        yield from check(value, info, path)


def _struct(value: object, info: inspect.StructType, path: Path) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(path, N_("Write a table here."))
        return
    known = [field.encode_name for field in info.fields]
    for field in info.fields:
        if field.encode_name in value:
            yield from _faults(value[field.encode_name], field.type, (*path, field.encode_name))
        elif field.required:
            yield Fault((*path, field.encode_name), N_("{name} is missing."), {"name": field.encode_name})
    for name in value:
        if name not in known:
            yield unknown_name((*path, name), name, known)


def unknown_name(path: Path, name: str, known: Iterable[str]) -> Fault:
    """Say that nothing is called so here, and what was probably meant."""
    known = list(known)
    if meant := nearest(name, known):
        return Fault(
            path, N_("Nothing is called {name} here. Did you mean {meant}?"), {"name": name, "meant": meant}
        )
    if not known:
        return Fault(path, N_("Nothing is called {name} here."), {"name": name})
    return Fault(
        path, N_("Nothing is called {name} here. There is: {known}."),
        {"name": name, "known": ", ".join(known)},
    )  # fmt: skip


def _dict(value: object, info: inspect.DictType, path: Path) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(path, N_("Write a table here."))
        return
    for key, item in value.items():
        yield from _faults(key, info.key_type, (*path, key))
        yield from _faults(item, info.value_type, (*path, key))


def _list(value: object, info: inspect.VarTupleType | inspect.ListType, path: Path) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault(path, N_("Write a list in square brackets here."))
        return
    if info.min_length is not None and len(value) < info.min_length:
        yield Fault(path, N_("Name at least {least} here."), {"least": str(info.min_length)})
    for number, item in enumerate(value):
        yield from _faults(item, info.item_type, (*path, number))


def _text(value: object, info: inspect.StrType, path: Path) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield Fault(path, N_("Write a text in quotation marks here."))
    elif info.min_length is not None and len(value) < info.min_length:
        yield Fault(path, N_("Write at least {least} characters here."), {"least": str(info.min_length)})
    elif info.max_length is not None and len(value) > info.max_length:
        yield Fault(path, N_("Too long: {most} characters at most."), {"most": str(info.max_length)})
    elif info.pattern is not None and not re.search(info.pattern, value):
        yield Fault(
            path, N_("'{text}' is not of the form that is needed here: {form}"),
            {"text": value, "form": info.pattern},
        )  # fmt: skip


def _whole(value: object, info: inspect.IntType, path: Path) -> Iterator[Fault]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield Fault(path, N_("Write a whole number here."))
        return
    if info.ge is not None and value < info.ge:
        yield Fault(path, N_("The least is {bound}."), {"bound": str(info.ge)})
    if info.le is not None and value > info.le:
        yield Fault(path, N_("The most is {bound}."), {"bound": str(info.le)})


def _decimal(value: object, _: inspect.DecimalType, path: Path) -> Iterator[Fault]:
    if not _is_decimal(value):
        yield Fault(path, N_('Write a decimal number in quotation marks here, like "2.5".'))


def _is_decimal(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return False
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _switch(value: object, _: inspect.BoolType, path: Path) -> Iterator[Fault]:
    if not isinstance(value, bool):
        yield Fault(path, N_("Write true or false here."))


def _choice(value: object, info: inspect.LiteralType, path: Path) -> Iterator[Fault]:
    known = [str(one) for one in info.values]
    if value in info.values and not isinstance(value, bool):
        return
    if meant := nearest(str(value), known):
        yield Fault(path, N_("There is no '{text}' here. Did you mean '{meant}'?"),
                    {"text": str(value), "meant": meant})  # fmt: skip
    else:
        yield Fault(path, N_("'{text}' is not possible. Choose one of: {known}."),
                    {"text": str(value), "known": ", ".join(known)})  # fmt: skip


def _union(value: object, info: inspect.UnionType, path: Path) -> Iterator[Fault]:
    """Tell the faults of the alternative that fits best: none, else the one with the same outline."""
    each = [list(_faults(value, one, path)) for one in info.types if not isinstance(one, inspect.NoneType)]
    if value is None and any(isinstance(one, inspect.NoneType) for one in info.types):
        return
    yield from min(each, key=lambda faults: (any(fault.path == path for fault in faults), len(faults)))


def _custom(value: object, info: inspect.CustomType, path: Path) -> Iterator[Fault]:
    if info.cls is Secret and not (
        isinstance(value, dict)
        and set(value) == {"secret"}
        and isinstance(value["secret"], str)
        and SECRET_FORM.fullmatch(value["secret"])
    ):
        yield Fault(
            path,
            N_(
                'A secret never stands in the file. Say where it is: {{ secret = "env:NAME" }} or '
                '{{ secret = "file:/path" }}.'
            ),
        )


_CHECKS: dict[type, Callable[[object, Any, Path], Iterator[Fault]]] = {
    inspect.StructType: _struct,
    inspect.DictType: _dict,
    inspect.VarTupleType: _list,
    inspect.ListType: _list,
    inspect.StrType: _text,
    inspect.IntType: _whole,
    inspect.DecimalType: _decimal,
    inspect.BoolType: _switch,
    inspect.LiteralType: _choice,
    inspect.UnionType: _union,
    inspect.CustomType: _custom,
}
