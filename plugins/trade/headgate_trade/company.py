"""People of a customer: what each does in the buyer's company, and who lets whom in.

Two things go together and are always set together: the kernel's role, which says what a person may open at
all, and the role in the company, which says whose orders they see there.
"""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

import msgspec
from headgate_sdk.blueprint import RoleEntry
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, Forbidden, Invalid, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.members import InvitedMember

CompanyRole = Literal["owner", "buyer", "approver", "finance"]

_BUYING = (
    "trade.catalogue.read", "trade.orders.place_own", "trade.orders.cancel", "trade.orders.receive",
)  # fmt: skip

COMPANY_ROLES: Mapping[CompanyRole, RoleEntry] = {
    "owner": RoleEntry(
        "company-owner", N_("Customer: owner"),
        (*_BUYING, "trade.accounts.read_own", "trade.company.write"),
    ),
    "buyer": RoleEntry("company-buyer", N_("Customer: buyer"), _BUYING),
    "approver": RoleEntry("company-approver", N_("Customer: head buyer"), _BUYING),
    "finance": RoleEntry("company-finance", N_("Customer: finance"), ("trade.accounts.read_own",)),
}  # fmt: skip
"""The kernel's roles as they come; a distributor may change what each allows in the settings."""

COMPANY_ROLE_NAMES: Mapping[CompanyRole, tuple[str, str]] = {
    "owner": (
        N_("Company owner"),
        N_("Orders, sees all orders and the account, and manages the company's people."),
    ),
    "buyer": (N_("Buyer"), N_("Orders, and sees the orders that they placed themselves.")),
    "approver": (N_("Head buyer"), N_("Orders, and sees all orders of the company.")),
    "finance": (N_("Finance"), N_("Sees the account, and does not order.")),
}
"""What each is called, and what it means."""


class Place(msgspec.Struct, frozen=True):
    """Where a signed-in buyer stands.

    Args:
        customer_id: for whom they order.
        role: what they do there.
        only_by: they see only orders that this membership placed; None is all of the company's.
    """

    customer_id: UUID
    role: CompanyRole
    only_by: UUID | None


class CompanyMember(msgspec.Struct, frozen=True):
    """Somebody of a customer.

    Args:
        id: of the membership.
        login: under which they were made known.
        name: as others see it.
        role: what they do in the company.
        state: `invited` has not come yet.
    """

    id: UUID
    login: str
    name: str
    role: CompanyRole
    state: Literal["active", "invited"]


class MemberInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody to invite.

    Args:
        login: e-mail address, phone number or user name.
        name: as others will see it.
        role: what they will do in the company.
    """

    login: str
    name: str
    role: CompanyRole


async def own_place(ctx: Context) -> Place:
    """Give where the signed-in buyer stands.

    Raises:
        Forbidden: the person orders for nobody.
    """
    found: list[Place] = []
    if ctx.actor.membership_id is not None:
        found = await ctx.db.fetch_as(
            Place,
            "SELECT customer_id, role, CASE WHEN role = 'buyer' THEN membership_id END "
            "FROM trade_customer_member WHERE tenant_id = $1 AND membership_id = $2",
            ctx.tenant.id, ctx.actor.membership_id,
        )  # fmt: skip
    if not found:
        raise Forbidden(
            N_("You do not order for any customer yet. Ask the distributor to connect your account.")
        )
    return found[0]


async def list_company(ctx: Context, customer_id: UUID) -> list[CompanyMember]:
    """Give the people of a customer by name, but for those whose access has ended.

    Args:
        ctx: staff with `trade.customers.read`, or the company's owner.
        customer_id: whose.

    Raises:
        NotFound: no such customer, or not the owner's own.
    """
    await _require(ctx, customer_id, "trade.customers.read")
    rows = await ctx.db.fetch(
        "SELECT membership_id, role FROM trade_customer_member WHERE tenant_id = $1 AND customer_id = $2",
        ctx.tenant.id, customer_id,
    )  # fmt: skip
    roles = {row["membership_id"]: row["role"] for row in rows}
    return [
        CompanyMember(person.id, person.login, person.name, roles[person.id], person.state)
        for person in await ctx.members.find(list(roles))
        if person.state != "ended"
    ]


async def invite_member(ctx: Context, customer_id: UUID, member: MemberInput) -> InvitedMember:
    """Invite somebody to order for a customer.

    Args:
        ctx: staff with `trade.customers.write`, or the company's owner.
        customer_id: for whom.
        member: whom.

    Raises:
        NotFound: no such customer, or not the owner's own.
        Invalid: names the field.
        Conflict: they belong to this distributor already.
    """
    await _require(ctx, customer_id, "trade.customers.write")
    invited = await ctx.members.invite(member.login, member.name, [_role(member.role)])
    await connect_member(ctx, invited.id, customer_id, member.role)
    return invited


async def connect_member(ctx: Context, membership_id: UUID, customer_id: UUID, role: CompanyRole) -> None:
    """Keep for whom a member orders; one customer for each. Who stays with a customer keeps their role there.

    Raises:
        NotFound: no such customer.
    """
    linked = await ctx.db.fetch_value(
        """
        INSERT INTO trade_customer_member AS m (tenant_id, membership_id, customer_id, role)
        SELECT $1, $2, c.id, $4 FROM trade_customer c WHERE c.tenant_id = $1 AND c.id = $3
        ON CONFLICT (tenant_id, membership_id) DO UPDATE SET customer_id = excluded.customer_id,
            role = CASE WHEN m.customer_id = excluded.customer_id THEN m.role ELSE excluded.role END
        RETURNING m.customer_id
        """,
        ctx.tenant.id, membership_id, customer_id, role,
    )  # fmt: skip
    if linked is None:
        raise NotFound(N_("There is no such customer."))
    await ctx.audit(
        "trade.customer.member_linked", str(customer_id), membership=str(membership_id), role=role
    )


async def invite_member_again(ctx: Context, customer_id: UUID, membership_id: UUID) -> InvitedMember:
    """Send somebody's invitation once more.

    Raises:
        NotFound: no such customer, or they have no such member.
        Conflict: they have come already.
    """
    await _require(ctx, customer_id, "trade.customers.write")
    await _role_of(ctx, customer_id, membership_id)
    return await ctx.members.invite_again(membership_id)


async def change_member_role(ctx: Context, customer_id: UUID, membership_id: UUID, role: CompanyRole) -> None:
    """Change what somebody does in the company.

    Raises:
        NotFound: no such customer, or they have no such member.
        Conflict: it is the actor's own role.
    """
    await _require(ctx, customer_id, "trade.customers.write")
    _not_oneself(ctx, membership_id)
    before = await _role_of(ctx, customer_id, membership_id)
    if before == role:
        return
    await ctx.members.set_roles(membership_id, [_role(role)])
    await ctx.db.execute(
        "UPDATE trade_customer_member SET role = $3 WHERE tenant_id = $1 AND membership_id = $2",
        ctx.tenant.id, membership_id, role,
    )  # fmt: skip
    await ctx.audit(
        "trade.customer.member_role", str(customer_id),
        membership=str(membership_id), before={"role": before}, after={"role": role},
    )  # fmt: skip


async def end_member(ctx: Context, customer_id: UUID, membership_id: UUID) -> None:
    """End somebody's access.

    Raises:
        NotFound: no such customer, or they have no such member.
        Conflict: it is the actor's own access.
    """
    await _require(ctx, customer_id, "trade.customers.write")
    _not_oneself(ctx, membership_id)
    await _role_of(ctx, customer_id, membership_id)
    await ctx.members.end(membership_id)
    await ctx.audit("trade.customer.member_ended", str(customer_id), membership=str(membership_id))


async def _require(ctx: Context, customer_id: UUID, permission: str) -> None:
    """Insist that the actor may see or manage the people of this customer, and that it exists."""
    if ctx.actor.kind == "customer":
        ctx.require("trade.company.write")
        place = await own_place(ctx)
        if place.customer_id != customer_id:
            raise NotFound(N_("There is no such customer."))
        if place.role != "owner":
            raise Forbidden(N_("Only the owner of your company does this."))
        return
    ctx.require(permission)
    found = await ctx.db.fetch_value(
        "SELECT 1 FROM trade_customer WHERE tenant_id = $1 AND id = $2", ctx.tenant.id, customer_id
    )
    if found is None:
        raise NotFound(N_("There is no such customer."))


async def _role_of(ctx: Context, customer_id: UUID, membership_id: UUID) -> CompanyRole:
    role: CompanyRole | None = await ctx.db.fetch_value(
        "SELECT role FROM trade_customer_member "
        "WHERE tenant_id = $1 AND membership_id = $2 AND customer_id = $3 FOR UPDATE",
        ctx.tenant.id, membership_id, customer_id,
    )  # fmt: skip
    if role is None:
        raise NotFound(N_("There is no such person at this customer."))
    return role


def _role(role: CompanyRole) -> RoleEntry:
    if role not in COMPANY_ROLES:
        raise Invalid(N_("The role is owner, buyer, approver or finance."), field="role")
    return COMPANY_ROLES[role]


def _not_oneself(ctx: Context, membership_id: UUID) -> None:
    if membership_id == ctx.actor.membership_id:
        raise Conflict(N_("This is your own access. Ask another owner, or the distributor."))
