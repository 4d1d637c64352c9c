"""The front door of trade: its manifest and what it hooks into."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from headgate_sdk.blueprint import Blueprint, BlueprintCheck, BlueprintPart, FileCount, Sample
from headgate_sdk.checklist import ChecklistItem
from headgate_sdk.commands import TenantRunner
from headgate_sdk.context import Context
from headgate_sdk.events import EventType
from headgate_sdk.figures import Figure
from headgate_sdk.hooks import hookimpl
from headgate_sdk.i18n import N_
from headgate_sdk.manifest import Manifest, Permission
from headgate_sdk.progress import report
from headgate_sdk.web import NavItem
from headgate_sdk.workflow import StepType, SubjectType
from litestar.types import ControllerRouterHandler

from headgate_trade import flow, practice
from headgate_trade.blueprint_check import check_part
from headgate_trade.blueprint_part import read_part
from headgate_trade.commands import import_file, replay
from headgate_trade.deeds import DEEDS
from headgate_trade.desk.day_figures import day_figures
from headgate_trade.desk.first_steps import first_steps
from headgate_trade.http import json, pages
from headgate_trade.order_events import EVENTS
from headgate_trade.order_inbox import inbox_count
from headgate_trade.sample import file_counts, link_people, load_sample
from headgate_trade.sample_files import write_sample
from headgate_trade.search_index import rebuild_index
from headgate_trade.settings import TradeSettings
from headgate_trade.tables import TABLES

manifest = Manifest(
    id="trade",
    name=N_("Trade"),
    description=N_("Products, customers, prices, stock, orders and accounts: the base that ordering needs."),
    version="0.1.0",
    package="headgate_trade",
    category="base",
    icon="package",
    permissions=(
        Permission("trade.catalogue.read", N_("See the catalogue"), customers=True),
        Permission("trade.catalogue.write", N_("Change products and categories")),
        Permission("trade.customers.read", N_("See customers")),
        Permission("trade.customers.write", N_("Change customers")),
        Permission("trade.prices.read", N_("See customers' prices")),
        Permission("trade.prices.write", N_("Change prices")),
        Permission("trade.prices.override", N_("Agree on another price in an order"), sensitive=True),
        Permission("trade.stock.read", N_("See the stock")),
        Permission("trade.stock.write", N_("Receive and correct stock")),
        Permission("trade.orders.read", N_("See all orders")),
        Permission("trade.orders.place_own", N_("Order for oneself"), customers=True),
        Permission("trade.orders.place", N_("Order for a customer")),
        Permission("trade.orders.approve_sales", N_("Approve orders for sales"), sensitive=True),
        Permission("trade.orders.approve_finance", N_("Approve orders for finance"), sensitive=True),
        Permission("trade.orders.outbound", N_("Book orders out"), sensitive=True),
        Permission("trade.orders.ship", N_("Ship orders")),
        Permission("trade.orders.receive", N_("Confirm receipt of orders"), customers=True),
        Permission("trade.orders.cancel", N_("Cancel orders"), customers=True),
        Permission("trade.accounts.read", N_("See customers' accounts")),
        Permission("trade.accounts.write", N_("Book credit notes"), sensitive=True),
        Permission("trade.accounts.read_own", N_("See one's own account"), customers=True),
        Permission("trade.company.write", N_("Manage the people of one's own company"), customers=True),
        Permission("trade.imports.run", N_("Import files")),
    ),
    tables=TABLES,
    deeds=DEEDS,
    settings=TradeSettings,
    data={"trade_sku_search": "derived"},
    # 电子商务法 art. 31: records of transactions for three years
    retained={
        "trade_order": 3, "trade_order_line": 3, "trade_account": 3, "trade_transfer": 3, "trade_customer": 3,
    },
)  # fmt: skip


@hookimpl
def headgate_routes() -> Sequence[ControllerRouterHandler]:
    """Pages of the workbench and the JSON API."""
    return [*json.HANDLERS, *pages.HANDLERS]


@hookimpl
def headgate_nav() -> Sequence[NavItem]:
    """The workbench's menu."""
    return [
        NavItem(
            label=N_("Inbox"), href="/desk/inbox", face="workbench", icon="inbox", section=N_("Orders"),
            permission="trade.orders.read", order=10, badge=inbox_count,
        ),
        NavItem(
            label=N_("All orders"), href="/desk/orders", face="workbench", icon="list", section=N_("Orders"),
            permission="trade.orders.read", order=20,
        ),
        NavItem(
            label=N_("Products"), href="/desk/products", face="workbench", icon="package",
            section=N_("Products"), permission="trade.catalogue.read", order=10,
        ),
        NavItem(
            label=N_("Prices"), href="/desk/prices", face="workbench", icon="tag", section=N_("Prices"),
            permission="trade.prices.read", order=10,
        ),
        NavItem(
            label=N_("Stock"), href="/desk/stock", face="workbench", icon="warehouse", section=N_("Stock"),
            permission="trade.stock.read", order=10,
        ),
        NavItem(
            label=N_("Customers"), href="/desk/customers", face="workbench", icon="users",
            section=N_("Customers"), permission="trade.customers.read", order=10,
        ),
        NavItem(
            label=N_("Accounts"), href="/desk/accounts", face="workbench", icon="wallet",
            section=N_("Customers"), permission="trade.accounts.read", order=20,
        ),
    ]  # fmt: skip


@hookimpl
def headgate_subject_types() -> Sequence[SubjectType]:
    """Orders go through a flow."""
    return [flow.SUBJECT]


@hookimpl
def headgate_step_types() -> Sequence[StepType]:
    """Steps of the order's flow."""
    return flow.STEPS


@hookimpl
def headgate_events() -> Sequence[EventType[Any]]:
    """What orders tell of."""
    return EVENTS


@hookimpl
def headgate_commands() -> Sequence[click.Command]:
    """Commands for data in files."""
    return [import_file, replay]


@hookimpl
def headgate_check_blueprint(blueprint: Blueprint, folder: Path) -> BlueprintCheck:
    """Terms, attributes, buyers and the files of the sample."""
    return check_part(blueprint, folder)


@hookimpl
async def headgate_apply_blueprint(
    ctx: Context, blueprint: Blueprint, folder: Path, members: Mapping[str, UUID]
) -> Sequence[FileCount]:
    """Set up terms and the blueprint's sample of goods, customers and stock; say who orders for whom."""
    reports = await load_sample(
        ctx, blueprint, folder, progress=lambda rows: report(N_("Reading the history"), rows)
    )
    await link_people(ctx, blueprint.people, members)
    return file_counts(reports)


@hookimpl
async def headgate_read_blueprint(ctx: Context) -> BlueprintPart:
    """Terms and attributes as they are, and who orders for whom."""
    return await read_part(ctx)


@hookimpl
async def headgate_write_sample(ctx: Context, folder: Path) -> Sample | None:
    """The catalogue, customers and prices as the files from which a sample is loaded."""
    return await write_sample(ctx, folder)


@hookimpl
async def headgate_rebuild(ctx: Context) -> None:
    """Make the search index again."""
    await rebuild_index(ctx)


@hookimpl
async def headgate_practice(runner: TenantRunner, blueprint: Blueprint, folder: Path) -> None:
    """Replay a week of the sample's history and place orders that are under way."""
    await practice.fill(runner, blueprint, folder)


@hookimpl
async def headgate_checklist(ctx: Context) -> Sequence[ChecklistItem]:
    """Say what a new distributor does first."""
    return await first_steps(ctx)


@hookimpl
async def headgate_tenant_figures(ctx: Context) -> Sequence[Figure]:
    """Tell the operator how many orders came today."""
    return await day_figures(ctx)
