"""What the staff's forms share: typed lists, errors at their fields, addresses with filters."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, Invalid, InvalidFields
from headgate_sdk.i18n import N_
from litestar import Response

Many = list[str] | str
"""A field that a form may send several times; sent once, it comes as plain text."""


def many(values: Many) -> list[str]:
    """Give a field's values as a list; one that is empty is none."""
    if isinstance(values, str):
        return [values] if values else []
    return values


def typed(values: Many) -> list[str]:
    """Give the values of a column of a form, empty cells too."""
    return [values] if isinstance(values, str) else values


def by_field(error: HeadgateError | None) -> dict[str, HeadgateError]:
    """Sort what is wrong by field; what concerns the whole form stands under an empty name."""
    if error is None:
        return {}
    problems = error.problems if isinstance(error, InvalidFields) else (error,)
    return {problem.field: problem for problem in reversed(problems)}


async def show_again(
    ctx: Context, template: str, error: HeadgateError | None, **values: object
) -> Response[Any]:
    """Render a form with what is wrong at its fields; without an error it is simply the form."""
    response = await ctx.render(template, errors=by_field(error), refused=error, **values)
    if error is not None:
        response.status_code = error.status if error.status < 500 else 422
    return response


def read_id(text: str, field: str) -> UUID | None:
    """Read an optional id from a form or an address; an empty one is none.

    Raises:
        Invalid: not an id.
    """
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(
            N_("'{text}' is not an id. Follow a link instead."), field=field, text=text[:40]
        ) from None


def address(path: str, **filters: object) -> str:
    """Write an address with those filters that are set."""
    chosen: Mapping[str, str] = {name: str(value) for name, value in filters.items() if value}
    return f"{path}?{urlencode(chosen)}" if chosen else path
