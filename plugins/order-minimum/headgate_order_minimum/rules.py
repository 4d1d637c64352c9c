"""The rules: read them, replace them, and find which one a customer group has to reach."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, Invalid, InvalidFields
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id
from headgate_sdk.money import SYMBOLS, Money, check_price, round_to_minor, to_major
from headgate_trade.api import list_groups

from headgate_order_minimum.tables import OrderMinimumRule

READ = "order-minimum.rules.read"
WRITE = "order-minimum.rules.write"
EVERYBODY_ELSE = "others"
"""Stands for the rule without a group where a name is needed: fields of forms, the audit log."""


class Rule(msgspec.Struct, frozen=True):
    """The smallest order of one customer group.

    Args:
        group_id: the group; None is everybody who has no rule of their own.
        amount: an order has to reach it; zero frees the group, whatever holds for everybody else.
    """

    group_id: UUID | None
    amount: Money


class RuleInput(msgspec.Struct, frozen=True):
    """A rule as it is set, in the major unit of the tenant's currency."""

    group_id: UUID | None
    amount: Decimal


class Shortfall(msgspec.Struct, frozen=True):
    """How far an order is from the smallest one."""

    minimum: Money
    missing: Money

    @property
    def reached(self) -> Money:
        """What is there already."""
        return self.minimum - self.missing


async def list_rules(ctx: Context) -> list[Rule]:
    """Give the tenant's rules.

    Raises:
        Forbidden: the actor may not read them.
    """
    ctx.require(READ)
    return [Rule(group_id, amount) for group_id, amount in (await _minimums(ctx)).items()]


async def replace_rules(ctx: Context, rules: Sequence[RuleInput]) -> list[Rule]:
    """Set all rules at once; groups that are left out follow the rule for everybody else.

    Raises:
        Forbidden: the actor may not change them.
        InvalidFields: amounts that cannot be, unknown groups, a group twice; each is named.
    """
    ctx.require(WRITE)
    known = {group.id: group.name for group in await list_groups(ctx)}
    _check(rules, known, ctx.tenant.currency)
    before = await _minimums(ctx)
    now = ctx.clock.now()
    await OrderMinimumRule.delete(force=True)
    if rules:
        await OrderMinimumRule.insert(
            *(
                OrderMinimumRule(
                    id=new_id(),
                    group_id=rule.group_id,
                    amount=round_to_minor(rule.amount, ctx.tenant.currency),
                    currency=ctx.tenant.currency,
                    changed_at=now,
                    changed_by=ctx.actor.name,
                )
                for rule in rules
            )
        )
    after = await _minimums(ctx)
    if before != after:
        await ctx.audit(
            "order-minimum.rules.replaced", "order-minimum",
            before=_for_audit(before, known), after=_for_audit(after, known),
        )  # fmt: skip
    return [Rule(group_id, amount) for group_id, amount in after.items()]


async def shortfalls(ctx: Context, orders: Sequence[tuple[UUID | None, Money]]) -> list[Shortfall | None]:
    """Tell for each order, as (customer group, total), what is missing; None when it is large enough."""
    minimums = await _minimums(ctx)
    return [shortfall(minimums, group_id, total) for group_id, total in orders]


def shortfall(minimums: Mapping[UUID | None, Money], group_id: UUID | None, total: Money) -> Shortfall | None:
    """Compare a total with the group's own minimum, or with everybody else's where it has none."""
    minimum = minimums.get(group_id) or minimums.get(None)
    if minimum is None or minimum.currency != total.currency or total.amount >= minimum.amount:
        return None
    return Shortfall(minimum, minimum - total)


def amount_text(money: Money) -> str:
    """Write an amount into a sentence: `¥1,200.00`."""
    return f"{SYMBOLS.get(money.currency, money.currency + ' ')}{money.decimal():,f}"


async def _minimums(ctx: Context) -> dict[UUID | None, Money]:
    rows = await ctx.db.fetch(
        "SELECT group_id, amount, currency FROM order_minimum_rule WHERE tenant_id = $1 ORDER BY id",
        ctx.tenant.id,
    )
    return {row["group_id"]: Money(row["amount"], row["currency"]) for row in rows}


def _check(rules: Sequence[RuleInput], known: Mapping[UUID, str], currency: str) -> None:
    problems: list[HeadgateError] = []
    seen: set[UUID | None] = set()
    for number, rule in enumerate(rules, 1):
        field = f"amount.{rule.group_id or EVERYBODY_ELSE}"
        if rule.group_id is not None and rule.group_id not in known:
            problems.append(Invalid(N_("There is no such customer group."), field=field, row=number))
        if rule.group_id in seen:
            problems.append(Invalid(N_("This customer group appears twice."), field=field, row=number))
        seen.add(rule.group_id)
        try:
            check_amount(rule.amount, currency, field=field, row=number)
        except Invalid as problem:
            problems.append(problem)
    if problems:
        raise InvalidFields(problems)


def check_amount(value: Decimal, currency: str, *, field: str, row: int | None = None) -> None:
    """Accept an amount that is a price and has no more digits than the currency's minor unit.

    Raises:
        Invalid: names what is wrong.
    """
    check_price(value, field=field, row=row)
    if to_major(round_to_minor(value, currency), currency) != value:
        raise Invalid(
            N_("{text} has more decimals than {currency} knows."),
            field=field, row=row, text=format(value, "f"), currency=currency,
        )  # fmt: skip


def _for_audit(minimums: Mapping[UUID | None, Money], names: Mapping[UUID, str]) -> dict[str, str]:
    return {
        names.get(group_id, str(group_id)) if group_id else EVERYBODY_ELSE: amount_text(amount)
        for group_id, amount in minimums.items()
    }
