"""Filling a tenant from its blueprint: levels, groups, price lists, and the sample files beside it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from uuid import UUID

from headgate_sdk.blueprint import Blueprint, PersonEntry, Sample
from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_

from headgate_trade.customer_changes import link_member
from headgate_trade.imports.catalogue_csv import import_catalogue
from headgate_trade.imports.customers_csv import import_customers
from headgate_trade.imports.prices_csv import import_customer_prices, import_price_lists
from headgate_trade.imports.report import ImportReport
from headgate_trade.imports.retail_import import Progress, import_retail_history
from headgate_trade.terms import save_customer_group, save_price_level, save_price_list
from headgate_trade.units import tidy_price


async def load_sample(
    ctx: Context, blueprint: Blueprint, folder: Path, *, progress: Progress | None = None
) -> list[ImportReport]:
    """Set up trade as the blueprint says; running it again changes nothing.

    Args:
        ctx: of the new tenant, acting as the system.
        blueprint: what to set up.
        folder: of the blueprint; files are named relative to it.
        progress: told how many rows of a history have been read.

    Raises:
        Invalid: a level's discount, the sample's kind or a file is not what it should be; names it.
    """
    for level in blueprint.price_levels:
        await save_price_level(ctx, level.key, level.name, _discount(level.discount))
    for group in blueprint.customer_groups:
        list_id = await save_price_list(ctx, group.price_list, group.price_list) if group.price_list else None
        await save_customer_group(ctx, group.key, group.name, list_id)
    if blueprint.sample is None:
        return []
    return await _load_files(ctx, blueprint.sample, folder, progress)


async def link_people(ctx: Context, people: Sequence[PersonEntry], members: Mapping[str, UUID]) -> int:
    """Connect a blueprint's buyers with the customers they order for; gives how many.

    Args:
        ctx: needs `trade.customers.write`.
        people: of the blueprint; those with a customer's code are connected.
        members: membership by login.

    Raises:
        Invalid: a code that no customer has; names it.
    """
    wanted = {
        person.login: person.customer for person in people if person.customer and person.login in members
    }
    rows = await ctx.db.fetch(
        "SELECT code, id FROM trade_customer WHERE tenant_id = $1 AND code = ANY($2::text[])",
        ctx.tenant.id, list(wanted.values()),
    )  # fmt: skip
    ids = {row["code"]: row["id"] for row in rows}
    for login, code in wanted.items():
        if code not in ids:
            raise Invalid(
                N_("{login} orders for the customer {code}, who does not exist. Correct the blueprint."),
                field="customer", login=login, code=code,
            )  # fmt: skip
        await link_member(ctx, members[login], ids[code])
    return len(wanted)


async def _load_files(
    ctx: Context, sample: Sample, folder: Path, progress: Progress | None
) -> list[ImportReport]:
    if sample.kind == "retail-history":
        done = await import_retail_history(ctx, folder / sample.file, progress=progress)
        return [done.report]
    if sample.kind != "files":
        raise Invalid(
            N_("A sample is of the kind 'files' or 'retail-history', not '{kind}'."),
            field="sample.kind", kind=sample.kind,
        )  # fmt: skip
    steps = (
        (sample.catalogue, import_catalogue),
        (sample.customers, import_customers),
        (sample.price_lists, import_price_lists),
        (sample.customer_prices, import_customer_prices),
    )
    return [await load(ctx, folder / name) for name, load in steps if name]


def _discount(text: str) -> Decimal:
    try:
        return tidy_price(Decimal(text))
    except InvalidOperation:
        raise Invalid(
            N_("'{text}' is not a discount. Write percent, like 5 or 2.5."), field="discount", text=text
        ) from None
