"""Changing customers: saved in batches by code, and connected to the people who order for them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from headgate_sdk.audit import MOST, many_changes
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, Invalid, InvalidFields
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id

from headgate_trade.catalogue_input import MAX_CODE, MAX_NAME, STATUSES, SaveResult, code_taken
from headgate_trade.company import CompanyRole, connect_member
from headgate_trade.terms import Words, read_words

FIELDS = ("name", "group", "level", "contact", "phone", "address", "status")
"""Names of what is kept of a customer, for the audit log."""


class CustomerInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A customer to save; the code tells whether it is a new one.

    Args:
        code: unique.
        name: of the firm.
        group: key or name of a group; empty for none.
        level: key or name of a price level; empty for none.
        contact: whom to ask for.
        phone: of the contact.
        address: where goods go.
        status: `active` or `stopped`.
    """

    code: str
    name: str
    group: str = ""
    level: str = ""
    contact: str = ""
    phone: str = ""
    address: str = ""
    status: str = "active"


def check_customer(customer: CustomerInput, words: Words, *, row: int | None = None) -> None:
    """Insist that one customer can be saved.

    Args:
        customer: to check.
        words: the tenant's groups and levels.
        row: named in the error.

    Raises:
        Invalid: names the field and row.
    """
    for field, text, most in (("code", customer.code, MAX_CODE), ("name", customer.name, MAX_NAME)):
        if not text.strip():
            raise Invalid(N_("Please fill this in."), field=field, row=row)
        if len(text) > most:
            raise Invalid(N_("Too long: {most} characters at most."), field=field, row=row, most=most)
    for field in ("contact", "phone", "address"):
        if len(getattr(customer, field)) > MAX_NAME:
            raise Invalid(N_("Too long: {most} characters at most."), field=field, row=row, most=MAX_NAME)
    if customer.status not in STATUSES:
        raise Invalid(N_("The status is either active or stopped."), field="status", row=row)
    if customer.group and words.group_id(customer.group) is None:
        raise Invalid(
            N_("There is no customer group '{text}'. Make it first, or correct the name."),
            field="group", row=row, text=customer.group,
        )  # fmt: skip
    if customer.level and words.level_id(customer.level) is None:
        raise Invalid(
            N_("There is no price level '{text}'. Make it first, or correct the name."),
            field="level", row=row, text=customer.level,
        )  # fmt: skip


async def save_customers(ctx: Context, rows: Sequence[CustomerInput]) -> SaveResult:
    """Create or alter customers by code.

    Raises:
        InvalidFields: rows (one-based) that cannot be saved, or name an unknown group or level; nothing is
            saved then.
    """
    ctx.require("trade.customers.write")
    words = await read_words(ctx)
    _check_batch(rows, words)
    wished = {
        row.code: (
            row.code, row.name, words.group_id(row.group), words.level_id(row.level), row.contact,
            row.phone, row.address, row.status,
        )
        for row in rows
    }  # fmt: skip
    existing = {
        row["code"]: tuple(row)
        for row in await ctx.db.fetch(
            """
            SELECT code, name, group_id, level_id, contact, phone, address, status
            FROM trade_customer WHERE tenant_id = $1 AND code = ANY($2::text[])
            """,
            ctx.tenant.id, list(wished),
        )
    }  # fmt: skip
    writes = [values for code, values in wished.items() if existing.get(code) != values]
    created = len(wished.keys() - existing.keys())
    if writes:
        await _write(ctx, writes)
        await ctx.audit(
            "trade.customers.saved",
            str(writes[0][0]) if len(writes) == 1 else "",
            **_changes(writes, existing, words),
            created=created,
            changed=len(writes) - created,
        )
    return SaveResult(created, len(writes) - created, len(rows) - len(writes))


def _changes(
    writes: Sequence[tuple[object, ...]], existing: Mapping[str, tuple[object, ...]], words: Words
) -> dict[str, object]:
    """Tell the log what changes of the customers that were there, groups and levels by name."""
    words_and_ids = [*words.groups.items(), *words.levels.items()]
    names: dict[object, object] = {found: word for word, found in reversed(words_and_ids)}
    changed = [row for row in writes if row[0] in existing]
    return many_changes(
        (
            name if len(writes) == 1 else f"{row[0]} {name}",
            names.get(was, was),
            names.get(now, now),
        )
        for row in changed[:MOST]
        for name, was, now in zip(FIELDS, existing[str(row[0])][1:], row[1:], strict=True)
    )


async def _write(ctx: Context, writes: Sequence[tuple[object, ...]]) -> None:
    await ctx.db.execute(
        """
        INSERT INTO trade_customer (tenant_id, created_at, id, code, name, group_id, level_id, contact, phone,
            address, status)
        SELECT $1, $2, r.* FROM unnest($3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::uuid[], $8::text[],
            $9::text[], $10::text[], $11::text[]) AS r
        ON CONFLICT (tenant_id, code) DO UPDATE SET name = excluded.name, group_id = excluded.group_id,
            level_id = excluded.level_id, contact = excluded.contact, phone = excluded.phone,
            address = excluded.address, status = excluded.status
        """,
        ctx.tenant.id, ctx.clock.now(), [new_id() for _ in writes],
        *(list(column) for column in zip(*writes, strict=True)),
    )  # fmt: skip


def _check_batch(rows: Sequence[CustomerInput], words: Words) -> None:
    problems: list[HeadgateError] = []
    first_row: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        try:
            check_customer(row, words, row=number)
        except Invalid as problem:
            problems.append(problem)
        first = first_row.setdefault(row.code, number)
        if first != number:
            problems.append(code_taken(row.code, number, first))
    if problems:
        raise InvalidFields(problems)


async def link_member(
    ctx: Context, membership_id: UUID, customer_id: UUID, role: CompanyRole = "owner"
) -> None:
    """Let a member of the tenant order for a customer; one customer for each member.

    Raises:
        NotFound: no such customer.
    """
    ctx.require("trade.customers.write")
    await connect_member(ctx, membership_id, customer_id, role)
