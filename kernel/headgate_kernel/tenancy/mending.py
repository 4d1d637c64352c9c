"""Make a sound value of one with faults, so that what else is wrong with it can be told in the same breath.

What is faulty is left out, or stands as a placeholder where something has to stand: items keep their numbers.
Nothing is ever kept of the result: it is only looked at.
"""

import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import msgspec
from msgspec import inspect

from headgate_kernel.tenancy.shape import Fault, Path, find_faults

_TEXTS = ("placeholder", "XXX", "0", "#000000", "a.b", "")


def mended(value: Any, kind: type[msgspec.Struct], faults: Sequence[Fault]) -> Any | None:
    """Give a sound value, None where that is beyond mending.

    Args:
        value: of dicts, lists and scalars.
        kind: the type that it is to have.
        faults: all that were found in it.
    """
    result = deepcopy(value)
    for fault in faults:
        result = _without(result, inspect.type_info(kind), fault.path)
    return None if find_faults(result, kind) else result


def _without(value: Any, info: inspect.Type, path: Path) -> Any:
    info = _plain(info)
    if not path:
        return _placeholder(info)
    first, rest = path[0], path[1:]
    if isinstance(value, list) and isinstance(first, int) and first < len(value):
        value[first] = _without(value[first], _item(info), rest)
    elif isinstance(value, dict):
        field = _field(info, str(first))
        if rest and first in value:
            value[first] = _without(value[first], field[0] if field else inspect.AnyType(), rest)
        elif field is not None and field[1]:
            value[first] = _placeholder(_plain(field[0]))
        else:
            value.pop(first, None)
    return value


def _plain(info: inspect.Type) -> inspect.Type:
    while isinstance(info, inspect.Metadata):
        info = info.type
    if isinstance(info, inspect.UnionType):
        return _plain(next(one for one in info.types if not isinstance(one, inspect.NoneType)))
    return info


def _item(info: inspect.Type) -> inspect.Type:
    return info.item_type if isinstance(info, inspect.VarTupleType | inspect.ListType) else inspect.AnyType()


def _field(info: inspect.Type, name: str) -> tuple[inspect.Type, bool] | None:
    """Give the type of a field and whether it has to be there."""
    if isinstance(info, inspect.StructType):
        return next(((one.type, one.required) for one in info.fields if one.encode_name == name), None)
    if isinstance(info, inspect.DictType):
        return info.value_type, False
    return None


def _placeholder(info: inspect.Type) -> Any:
    if isinstance(info, inspect.StructType):
        return {one.encode_name: _placeholder(_plain(one.type)) for one in info.fields if one.required}
    if isinstance(info, inspect.VarTupleType | inspect.ListType):
        return [_placeholder(_plain(info.item_type))] * (info.min_length or 0)
    if isinstance(info, inspect.LiteralType):
        return info.values[-1]
    if isinstance(info, inspect.StrType):
        return next((text for text in _TEXTS if re.search(info.pattern or "", text)), "")
    if isinstance(info, inspect.BoolType):
        return False
    if isinstance(info, inspect.IntType):
        return info.ge or 0
    return {}
