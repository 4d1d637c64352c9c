"""The page of the rules and its form, and the same as JSON."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, Invalid, InvalidFields
from headgate_sdk.i18n import N_
from headgate_sdk.money import parse_price
from headgate_sdk.web import action, page, read, replace, see_other
from headgate_trade.api import list_groups
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_order_minimum.rules import (
    EVERYBODY_ELSE,
    READ,
    WRITE,
    Rule,
    RuleInput,
    check_amount,
    list_rules,
    replace_rules,
)

PATH = "/desk/order-minimum"


class Row(msgspec.Struct, frozen=True):
    """A line of the form: a customer group with its amount as typed, and what is wrong with it."""

    field: str
    name: str
    typed: str
    problem: HeadgateError | None = None


class RuleBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule of the JSON API. Without a group it is everybody else's. Amounts are decimals as strings."""

    amount: Decimal
    group_id: UUID | None = None


class RulesBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rules of the distributor."""

    rules: tuple[RuleBody, ...]


@page(PATH, permission=READ, name="order_minimum")
async def show_rules(ctx: Context, saved: bool = False) -> Response[Any]:
    """Show each customer group with its smallest order."""
    typed = {_key(rule): format(rule.amount.decimal(), "f") for rule in await list_rules(ctx)}
    return await _form(ctx, typed, (), saved=saved)


@action(PATH, permission=WRITE)
async def save_rules(
    ctx: Context, data: Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[Any]:
    """Save the form; what is wrong is told at its field, and what was typed stays."""
    typed = {name.removeprefix("amount."): text for name, text in data.items() if name.startswith("amount.")}
    try:
        await replace_rules(ctx, _parse(typed, ctx.tenant.currency))
    except InvalidFields as error:
        return await _form(ctx, typed, error.problems)
    return see_other(f"{PATH}?saved=1")


@read("/order-minimum/rules", permission=READ)
async def read_rules(ctx: Context) -> RulesBody:
    """Give the smallest order of each customer group that has a rule."""
    return _body(await list_rules(ctx))


@replace("/order-minimum/rules", permission=WRITE)
async def put_rules(ctx: Context, data: RulesBody) -> RulesBody:
    """Set all rules; groups that are left out follow the rule without a group."""
    return _body(await replace_rules(ctx, [RuleInput(rule.group_id, rule.amount) for rule in data.rules]))


HANDLERS = (show_rules, save_rules, read_rules, put_rules)


async def _form(
    ctx: Context, typed: Mapping[str, str], problems: tuple[HeadgateError, ...], *, saved: bool = False
) -> Response[Any]:
    wrong = {problem.field.removeprefix("amount."): problem for problem in reversed(problems)}
    groups = [(str(group.id), group.name) for group in await list_groups(ctx)]
    rows = [
        Row(f"amount.{key}", name, typed.get(key, ""), wrong.get(key))
        for key, name in [*groups, (EVERYBODY_ELSE, "")]
    ]
    response = await ctx.render(
        "order-minimum/rules.html",
        rows=rows,
        saved=saved,
        may_write=ctx.allowed(WRITE),
        has_problems=bool(wrong),
    )
    if problems:
        response.status_code = 422
    return response


def _parse(typed: Mapping[str, str], currency: str) -> list[RuleInput]:
    """Read the fields that are not empty, and collect everything that is wrong before saying so."""
    rules: list[RuleInput] = []
    problems: list[HeadgateError] = []
    for key, text in typed.items():
        if not text.strip():
            continue
        field = f"amount.{key}"
        try:
            amount = parse_price(text, field=field)
            check_amount(amount, currency, field=field)
            rules.append(RuleInput(_group(key, field), amount))
        except Invalid as problem:
            problems.append(problem)
    if problems:
        raise InvalidFields(problems)
    return rules


def _group(key: str, field: str) -> UUID | None:
    if key == EVERYBODY_ELSE:
        return None
    try:
        return UUID(key)
    except ValueError:
        raise Invalid(N_("There is no such customer group."), field=field) from None


def _key(rule: Rule) -> str:
    return str(rule.group_id or EVERYBODY_ELSE)


def _body(rules: list[Rule]) -> RulesBody:
    return RulesBody(tuple(RuleBody(rule.amount.decimal(), rule.group_id) for rule in rules))
