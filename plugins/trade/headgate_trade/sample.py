"""Filling a tenant from its blueprint: terms, attributes, and the sample files beside it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from uuid import UUID

from headgate_sdk.blueprint import Blueprint, FileCount, PersonEntry, Sample
from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid, InvalidFields
from headgate_sdk.i18n import N_

from headgate_trade.attribute_input import AttributeInput
from headgate_trade.attributes import save_attributes
from headgate_trade.customer_changes import link_member
from headgate_trade.imports.catalogue_csv import import_catalogue
from headgate_trade.imports.customers_csv import import_customers
from headgate_trade.imports.prices_csv import import_customer_prices, import_price_lists
from headgate_trade.imports.report import ImportReport, RowProblem
from headgate_trade.imports.retail_import import Progress, import_retail_history
from headgate_trade.terms import read_words, save_customer_group, save_price_level, save_price_list
from headgate_trade.units import tidy_price


class RowRefused(Invalid):
    """A row of a sample's file that cannot be taken.

    Args:
        file: its name.
        problem: what is wrong with the row.
    """

    def __init__(self, file: str, problem: RowProblem) -> None:
        super().__init__(problem.message, field=problem.field, row=problem.row)
        self.params = dict(problem.params)
        self.file = file

    def __str__(self) -> str:
        column = f", {self.field}" if self.field else ""
        return f"{self.file}, row {self.row}{column}: {self.fill(self.message)}"


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
        InvalidFields: rows of the sample's files that cannot be taken.
    """
    for level in blueprint.price_levels:
        await save_price_level(ctx, level.key, level.name, _discount(level.discount))
    for listed in blueprint.price_lists:
        await save_price_list(ctx, listed.key, listed.name)
    await _save_groups(ctx, blueprint)
    await save_attributes(
        ctx,
        [
            AttributeInput(one.category, one.key, one.name, one.type, one.unit, one.choices)
            for one in blueprint.attributes
        ],
    )
    if blueprint.sample is None:
        return []
    return await _load_files(ctx, blueprint.sample, folder, progress)


def file_counts(reports: Sequence[ImportReport]) -> list[FileCount]:
    """Tell what the files did."""
    return [FileCount(one.name, one.read, one.created, one.changed, one.unchanged) for one in reports]


async def link_people(ctx: Context, people: Sequence[PersonEntry], members: Mapping[str, UUID]) -> int:
    """Connect a blueprint's buyers with the customers they order for; gives how many were not connected so.

    Args:
        ctx: needs `trade.customers.write`.
        people: of the blueprint; those with a customer's code are connected.
        members: membership by login.

    Raises:
        Invalid: a code that no customer has; names it.
    """
    wanted = {
        members[person.login]: (person.login, person.customer)
        for person in people
        if person.customer and person.login in members
    }
    rows = await ctx.db.fetch(
        "SELECT code, id FROM trade_customer WHERE tenant_id = $1 AND code = ANY($2::text[])",
        ctx.tenant.id, [code for _, code in wanted.values()],
    )  # fmt: skip
    ids = {row["code"]: row["id"] for row in rows}
    linked = await _linked(ctx, list(wanted))
    changed = 0
    for member, (login, code) in wanted.items():
        if code not in ids:
            raise Invalid(
                N_("{login} orders for the customer {code}, who does not exist. Correct the blueprint."),
                field="customer", login=login, code=code,
            )  # fmt: skip
        if linked.get(member) != ids[code]:
            await link_member(ctx, member, ids[code])
            changed += 1
    return changed


async def _linked(ctx: Context, members: Sequence[UUID]) -> dict[UUID, UUID]:
    rows = await ctx.db.fetch(
        "SELECT membership_id, customer_id FROM trade_customer_member "
        "WHERE tenant_id = $1 AND membership_id = ANY($2::uuid[])",
        ctx.tenant.id, list(members),
    )  # fmt: skip
    return {row["membership_id"]: row["customer_id"] for row in rows}


async def _save_groups(ctx: Context, blueprint: Blueprint) -> None:
    lists = (await read_words(ctx)).lists
    for group in blueprint.customer_groups:
        if group.price_list and group.price_list not in lists:
            raise Invalid(
                N_("The customer group {group} uses the price list {key}, which does not exist."),
                field="customer_groups", group=group.name, key=group.price_list,
            )  # fmt: skip
        await save_customer_group(ctx, group.key, group.name, lists.get(group.price_list))


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
    reports = [await load(ctx, folder / name) for name, load in steps if name]
    problems = [RowRefused(report.name, problem) for report in reports for problem in report.refused]
    if problems:
        refused = InvalidFields(problems)
        refused.message = N_("Files of the sample have rows that cannot be taken. Nothing was changed.")
        raise refused
    return reports


def _discount(text: str) -> Decimal:
    try:
        return tidy_price(Decimal(text))
    except InvalidOperation:
        raise Invalid(
            N_("'{text}' is not a discount. Write percent, like 5 or 2.5."), field="discount", text=text
        ) from None
