"""Life for a tenant that is there to be tried out: orders of the last days, some done, some at each step."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import msgspec
from headgate_sdk.blueprint import Blueprint
from headgate_sdk.clock import ManualClock
from headgate_sdk.commands import TenantRunner
from headgate_sdk.context import SYSTEM, Actor, Context
from headgate_sdk.i18n import N_
from headgate_sdk.progress import report

from headgate_trade.catalogue import Sku, list_skus
from headgate_trade.flow import ORDER
from headgate_trade.imports.retail_history import read_history
from headgate_trade.orders import OrderInput, OrderLineInput, place_order
from headgate_trade.replay import replay_history
from headgate_trade.stock import available
from headgate_trade.units import nearest_orderable

SOURCE = "practice"
LABEL = N_("Placing practice orders")
HISTORY_FROM = date(2011, 8, 25)
STEPS_BY_ROLE = {
    "trade.sales_approval": "clerk", "trade.finance_approval": "finance", "trade.outbound": "warehouse",
    "trade.ship": "warehouse",
}  # fmt: skip
"""Who does which step; what is not named is the customer's."""

ORDERS = 18
DAYS = 6
LINES = (2, 6)


class Buyer(msgspec.Struct, frozen=True):
    """A customer who orders, with the name of the person there."""

    customer_id: UUID
    name: str


async def fill(runner: TenantRunner, blueprint: Blueprint, folder: Path) -> None:
    """Replay the last week of the sample's history, if it has one, and place orders that are under way now.

    Running it again adds nothing.
    """
    sample = blueprint.sample
    if sample is not None and sample.kind == "retail-history":
        await replay_history(runner, read_history(folder / sample.file), start=HISTORY_FROM)
    async with runner.context() as ctx:
        if await ctx.db.fetch_value(
            "SELECT 1 FROM trade_order WHERE tenant_id = $1 AND source = $2 LIMIT 1", ctx.tenant.id, SOURCE
        ):
            return
        now = ctx.clock.now()
        buyers, skus = await _buyers(ctx, blueprint), await _sellable(ctx)
    if not buyers or not skus:
        return
    names = {role.key: role.name for role in blueprint.roles}
    staff = {
        role: Actor("staff", person.name, role_name=names.get(role, role), permissions=frozenset({"*"}))
        for person in reversed(blueprint.people)
        for role in person.roles
    }
    dice = random.Random(blueprint.profile.slug)  # noqa: S311 (the same life in each demo)
    for number in range(ORDERS):
        age = timedelta(days=DAYS * (ORDERS - 1 - number) / ORDERS, minutes=25)
        chosen = dice.sample(skus, min(len(skus), dice.randint(*LINES)))
        lines = tuple(_line(sku, dice) for sku in chosen)
        order = OrderInput(buyers[number % len(buyers)].customer_id, lines, source=SOURCE)
        steps = len(STEPS_BY_ROLE) + 1 if number < ORDERS // 2 else number % (len(STEPS_BY_ROLE) + 1)
        await _live(
            runner, order, buyers[number % len(buyers)], staff, started=now - age, now=now, steps=steps
        )
        report(LABEL, number + 1, ORDERS)


async def _live(
    runner: TenantRunner,
    order: OrderInput,
    buyer: Buyer,
    staff: dict[str, Actor],
    *,
    started: datetime,
    now: datetime,
    steps: int,
) -> None:
    """Place one order and take it through its first steps, each by the person whose work it is."""
    clock = ManualClock(started)
    customer = msgspec.structs.replace(SYSTEM, name=buyer.name, role_name=N_("Customer"))
    async with runner.context(clock=clock, actor=customer) as ctx:
        placed = await place_order(ctx, order, key=f"{SOURCE}-{started.isoformat()}")
        for _ in range(steps):
            instance = (await ctx.workflow.view(ORDER, [placed.id]))[placed.id]
            if not instance.open_steps:
                return
            step = instance.open_steps[0].step
            actor = staff.get(STEPS_BY_ROLE.get(step, ""), customer)
            clock.moment = min(now, clock.moment + timedelta(minutes=47))
            await ctx.acting_as(actor).workflow.resolve(ORDER, placed.id, step)


async def _buyers(ctx: Context, blueprint: Blueprint) -> list[Buyer]:
    """Give the customers whom the blueprint's people order for first, then some others."""
    named = [person.customer for person in blueprint.people if person.customer]
    rows = await ctx.db.fetch(
        """
        SELECT c.id, coalesce(nullif(c.contact, ''), c.name) AS name
        FROM trade_customer c WHERE c.tenant_id = $1 AND c.status = 'active'
        ORDER BY coalesce(array_position($2::text[], c.code), 1000), c.code LIMIT 7
        """,
        ctx.tenant.id, named,
    )  # fmt: skip
    return [Buyer(row["id"], row["name"]) for row in rows]


async def _sellable(ctx: Context) -> list[Sku]:
    """Give goods with plenty of stock."""
    page = await list_skus(ctx, limit=200)
    stock = await available(ctx, [sku.id for sku in page.items])
    stocked = [sku for sku in page.items if sku.stocked]
    plenty = [sku for sku in stocked if stock.get(sku.id, 0) > 200 * _largest_factor(sku)]
    return plenty or [sku for sku in stocked if stock.get(sku.id, 0) >= 100 * _least(sku)]


def _least(sku: Sku) -> int:
    """Give the base units of the smallest order in the usual unit."""
    unit = sku.default_unit
    return max(sku.min_quantity, unit.num // unit.den, 1)


def _largest_factor(sku: Sku) -> int:
    return max((unit.num // unit.den for unit in sku.units), default=1)


def _line(sku: Sku, dice: random.Random) -> OrderLineInput:
    unit = next((unit for unit in sku.units if unit.is_default), sku.units[0])
    _, least = nearest_orderable(0, unit.unit(), minimum=sku.min_quantity, multiple=sku.multiple)
    return OrderLineInput(sku.id, unit.name, Decimal(least) * dice.randint(1, 5))
