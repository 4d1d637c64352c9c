"""What is wrong with a form, in the reader's language and at its fields."""

from typing import Any

from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, InvalidFields
from litestar import Response

from headgate_kernel.runtime import Kernel

Many = list[str] | str
"""A field that a form may send several times; sent once, it comes as plain text."""


def many(values: Many) -> list[str]:
    """Give a field's values as a list; one that is empty is none."""
    if isinstance(values, str):
        return [values] if values else []
    return values


async def show_again(
    ctx: Context, kernel: Kernel, template: str, error: HeadgateError | None, **values: object
) -> Response[Any]:
    """Render a form with what is wrong: `errors` by field, `refused` all of it; nothing is wrong at first."""
    problems = error.problems if isinstance(error, InvalidFields) else (error,) if error else ()
    errors = {
        problem.field: kernel.renderer.words(ctx.locale, problem) for problem in reversed(tuple(problems))
    }
    response = await ctx.render(template, errors=errors, refused=" ".join(errors.values()), **values)
    if error is not None:
        response.status_code = error.status if error.status < 500 else 422
    return response
