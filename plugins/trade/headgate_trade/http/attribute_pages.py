"""Attributes of a category: the list, one of them in a form, taking one away."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.web import action, page, see_other
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_trade.attribute_input import TYPES, AttributeInput, AttributeType
from headgate_trade.attributes import (
    Attribute,
    get_attribute,
    list_attributes,
    remove_attribute,
    save_attribute,
)
from headgate_trade.catalogue import Category, list_categories
from headgate_trade.http.forms import read_id, show_again
from headgate_trade.http.staff import require_staff

PATH = "/desk/attributes"


class AttributeForm(msgspec.Struct):
    """One attribute as typed; `choices` one on each line."""

    category: str = ""
    key: str = ""
    name: str = ""
    type: AttributeType = "text"
    unit: str = ""
    choices: str = ""


@page(PATH, permission="trade.catalogue.read")
async def attributes(
    ctx: Context, category: str = "", key: str = "", *, saved: bool = False
) -> Response[Any]:
    """Show the attributes of a category, with one of them in the form if its key is given."""
    require_staff(ctx)
    return await _page(ctx, await _category(ctx, read_id(category, "category")), key=key, saved=saved)


@action(PATH, permission="trade.catalogue.write")
async def save(
    ctx: Context, data: Annotated[AttributeForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[Any]:
    """Save one attribute; a new one goes behind the others."""
    category = await _category(ctx, read_id(data.category, "category"))
    if category is None:
        raise NotFound(N_("There is no such category."))
    try:
        async with ctx.db.savepoint():
            await save_attribute(ctx, _input(category, data))
    except HeadgateError as error:
        return await _page(ctx, category, key=data.key, form=data, error=error)
    return see_other(f"{PATH}?category={category.id}&saved=1")


@action(f"{PATH}/{{attribute_id:uuid}}/remove", permission="trade.catalogue.write")
async def remove(ctx: Context, attribute_id: UUID) -> Response[Any]:
    """Take an attribute away with its values."""
    attribute = await get_attribute(ctx, attribute_id)
    await remove_attribute(ctx, attribute_id)
    return see_other(f"{PATH}?category={attribute.category_id}&saved=1")


HANDLERS = (attributes, save, remove)


def _input(category: Category, form: AttributeForm) -> AttributeInput:
    choices = tuple(line.strip() for line in form.choices.splitlines() if line.strip())
    return AttributeInput(
        category.name, form.key.strip(), form.name.strip(), form.type, form.unit.strip(), choices
    )


def _form_of(attribute: Attribute | None) -> AttributeForm:
    if attribute is None:
        return AttributeForm()
    return AttributeForm(
        key=attribute.key, name=attribute.name, type=attribute.type, unit=attribute.unit,
        choices="\n".join(attribute.choices),
    )  # fmt: skip


async def _category(ctx: Context, category_id: UUID | None) -> Category | None:
    categories = await list_categories(ctx)
    if category_id is None:
        return categories[0] if categories else None
    found = next((one for one in categories if one.id == category_id), None)
    if found is None:
        raise NotFound(N_("There is no such category."))
    return found


async def _page(
    ctx: Context,
    category: Category | None,
    *,
    key: str = "",
    form: AttributeForm | None = None,
    error: HeadgateError | None = None,
    saved: bool = False,
) -> Response[Any]:
    found = await list_attributes(ctx, category.id) if category is not None else []
    chosen = next((one for one in found if one.key == key), None)
    return await show_again(
        ctx,
        "trade/attributes.html",
        error,
        category=category,
        categories=await list_categories(ctx),
        attributes=found,
        types=TYPES,
        type_options=[(one, ctx.translate(words)) for one, words in TYPES.items()],
        form=form or _form_of(chosen),
        editing=chosen is not None,
        saved=saved,
        may_write=ctx.allowed("trade.catalogue.write"),
    )
