"""People of a customer: let in by staff or by the company's owner; their role decides what they see."""

from decimal import Decimal

import pytest
from headgate_sdk.context import Actor
from headgate_sdk.errors import Conflict, Forbidden, Invalid, NotFound
from headgate_sdk.ids import new_id
from headgate_sdk.testing.tenants import actor_of
from headgate_trade.accounts import customer_account
from headgate_trade.company import (
    COMPANY_ROLES,
    MemberInput,
    change_member_role,
    end_member,
    invite_member,
    invite_member_again,
    list_company,
)
from headgate_trade.customers import buyer, link_member
from headgate_trade.order_lines import OrderLineInput
from headgate_trade.order_steps import cancel_order
from headgate_trade.order_views import get_order, list_orders
from headgate_trade.orders import OrderInput, place_order


async def membership(ctx, role):
    return await ctx.db.fetch_value(
        "SELECT id FROM membership WHERE tenant_id = $1 AND login = $2",
        ctx.tenant.id, f"{role}@{ctx.tenant.slug}.example",
    )  # fmt: skip


async def member_as(kernel, shop, member_id) -> Actor:
    """Give somebody who was invited as the gate knows them once they have come."""
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "UPDATE invitation SET accepted_at = created_at WHERE tenant_id = $1 AND membership_id = $2",
            shop.tenant.info.id, member_id,
        )  # fmt: skip
        row = await db.fetch_row(
            "SELECT m.id, m.person_id, m.name, array_agg(p) AS permissions FROM membership m "
            "JOIN membership_role mr ON mr.tenant_id = $1 AND mr.membership_id = m.id "
            "JOIN role r ON r.tenant_id = $1 AND r.id = mr.role_id CROSS JOIN unnest(r.permissions) p "
            "WHERE m.tenant_id = $1 AND m.id = $2 GROUP BY m.id, m.person_id, m.name",
            shop.tenant.info.id, member_id,
        )  # fmt: skip
    return Actor(
        "customer", row["name"], row["id"], row["person_id"], permissions=frozenset(row["permissions"])
    )


@pytest.fixture
def invited(kernel, shop):
    """Lets somebody into the company of C1 and gives them as actor."""

    async def make(role, name="Zhou"):
        async with kernel.context(shop.tenant) as ctx:
            login = f"{role}-{new_id().hex[-8:]}@c1.example"
            made = await invite_member(ctx, shop.customers["C1"], MemberInput(login, name, role))
        return await member_as(kernel, shop, made.id)

    return make


@pytest.fixture
async def companys_owner(kernel, shop):
    """The tenant's `buyer`, who owns the company of C1."""
    async with kernel.context(shop.tenant) as ctx:
        await link_member(ctx, await membership(ctx, "buyer"), shop.customers["C1"])
        await link_member(ctx, await membership(ctx, "buyer2"), shop.customers["C2"])
    return await actor_of(kernel, shop.tenant, "buyer")


async def order_as(kernel, shop, actor):
    async with kernel.context(shop.tenant, actor=actor) as ctx:
        line = OrderLineInput(shop.skus["LS001"], "盒", Decimal(1))
        return (await place_order(ctx, OrderInput(shop.customers["C1"], (line,)), new_id().hex)).id


async def test_a_clerk_invites_and_the_customer_shows_them(kernel, shop):
    actor = await actor_of(kernel, shop.tenant, "clerk")
    async with kernel.context(shop.tenant, actor=actor) as ctx:
        made = await invite_member(ctx, shop.customers["C1"], MemberInput("13800138000", "Zhou", "finance"))
        (member,) = await list_company(ctx, shop.customers["C1"])
        again = await invite_member_again(ctx, shop.customers["C1"], made.id)
    assert (member.name, member.role, member.state) == ("Zhou", "finance", "invited")
    assert member.login == "+8613800138000"
    assert "/invitation/" in made.link
    assert again.link != made.link


async def test_each_role_allows_its_own_work(kernel, shop, invited):
    placed_by_staff = shop.orders[0]
    mine = {role: await invited(role) for role in COMPANY_ROLES}
    assert not mine["finance"].allowed("trade.orders.place_own")
    assert mine["finance"].allowed("trade.accounts.read_own")
    assert not mine["buyer"].allowed("trade.accounts.read_own")
    assert [role for role, actor in mine.items() if actor.allowed("trade.company.write")] == ["owner"]
    own = await order_as(kernel, shop, mine["buyer"])
    async with kernel.context(shop.tenant, actor=mine["buyer"]) as ctx:
        assert [order.id for order in (await list_orders(ctx)).items] == [own]
        assert (await get_order(ctx, own)).summary.id == own
        with pytest.raises(NotFound):
            await get_order(ctx, placed_by_staff)
        with pytest.raises(NotFound):
            await cancel_order(ctx, placed_by_staff, "not mine")
        with pytest.raises(Forbidden):
            await customer_account(ctx, shop.customers["C1"])
    for role in ("approver", "owner"):
        async with kernel.context(shop.tenant, actor=mine[role]) as ctx:
            assert {order.id for order in (await list_orders(ctx)).items} == {own, *shop.orders[:2]}
            assert (await get_order(ctx, placed_by_staff)).summary.id == placed_by_staff
    async with kernel.context(shop.tenant, actor=mine["finance"]) as ctx:
        await customer_account(ctx, shop.customers["C1"])
        with pytest.raises(NotFound):
            await customer_account(ctx, shop.customers["C2"])


async def test_a_buyer_of_another_role_sees_their_orders_change_with_it(
    kernel, shop, invited, companys_owner
):
    actor = await invited("buyer")
    async with kernel.context(shop.tenant, actor=actor) as ctx:
        assert (await list_orders(ctx)).items == []
    async with kernel.context(shop.tenant, actor=companys_owner) as ctx:
        await change_member_role(ctx, shop.customers["C1"], actor.membership_id, "approver")
    async with kernel.context(shop.tenant, actor=actor) as ctx:
        assert {order.id for order in (await list_orders(ctx)).items} == set(shop.orders[:2])


async def test_the_companys_owner_manages_their_people_and_nobody_elses(kernel, shop, companys_owner):
    mine, other = shop.customers["C1"], shop.customers["C2"]
    async with kernel.context(shop.tenant, actor=companys_owner) as ctx:
        made = await invite_member(ctx, mine, MemberInput("zhou@c1.example", "Zhou", "buyer"))
        assert {one.name for one in await list_company(ctx, mine)} == {"Buyer", "Zhou"}
        with pytest.raises(NotFound):
            await list_company(ctx, other)
        with pytest.raises(NotFound):
            await invite_member(ctx, other, MemberInput("spy@c1.example", "Spy", "owner"))
        second = await membership(ctx, "buyer2")
        for deed in (
            change_member_role(ctx, mine, second, "finance"),
            end_member(ctx, mine, second),
            change_member_role(ctx, mine, new_id(), "finance"),
            end_member(ctx, other, second),
        ):
            with pytest.raises(NotFound):
                await deed
        await end_member(ctx, mine, made.id)
        assert {one.name for one in await list_company(ctx, mine)} == {"Buyer"}


@pytest.mark.parametrize("role", ["buyer", "approver", "finance"])
async def test_nobody_else_of_the_company_manages_people(kernel, shop, invited, role):
    actor = await invited(role)
    async with kernel.context(shop.tenant, actor=actor) as ctx:
        for deed in (
            list_company(ctx, shop.customers["C1"]),
            invite_member(ctx, shop.customers["C1"], MemberInput("x@c1.example", "X", "owner")),
            change_member_role(ctx, shop.customers["C1"], actor.membership_id, "owner"),
        ):
            with pytest.raises(Forbidden):
                await deed


async def test_the_kernels_role_alone_makes_no_owner_of_the_company(kernel, shop, companys_owner):
    """Who has the permission and another role in the company is no owner of it."""
    async with kernel.context(shop.tenant) as ctx:
        await ctx.db.execute(
            "UPDATE trade_customer_member SET role = 'approver' WHERE tenant_id = $1 AND membership_id = $2",
            ctx.tenant.id, companys_owner.membership_id,
        )  # fmt: skip
    async with kernel.context(shop.tenant, actor=companys_owner) as ctx:
        with pytest.raises(Forbidden, match="Only the owner"):
            await list_company(ctx, shop.customers["C1"])


async def test_one_does_not_change_or_end_oneself(kernel, shop, companys_owner):
    async with kernel.context(shop.tenant, actor=companys_owner) as ctx:
        for deed in (
            change_member_role(ctx, shop.customers["C1"], companys_owner.membership_id, "buyer"),
            end_member(ctx, shop.customers["C1"], companys_owner.membership_id),
        ):
            with pytest.raises(Conflict):
                await deed


async def test_the_companys_owner_learns_nothing_of_others_by_inviting(kernel, shop, companys_owner):
    """Staff, another customer's people and those whose access has ended are refused alike."""
    async with kernel.context(shop.tenant) as ctx:
        gone = await invite_member(ctx, shop.customers["C2"], MemberInput("gone@c2.example", "Gone", "buyer"))
        await end_member(ctx, shop.customers["C2"], gone.id)
    slug = shop.tenant.info.slug
    told = set()
    async with kernel.context(shop.tenant, actor=companys_owner) as ctx:
        for login in (f"owner@{slug}.example", f"buyer2@{slug}.example", "gone@c2.example"):
            with pytest.raises(Conflict) as refused:
                await invite_member(ctx, shop.customers["C1"], MemberInput(login, "X", "buyer"))
            told.add(str(refused.value))
    assert len(told) == 1


async def test_staff_let_somebody_back_in_also_at_another_customer(kernel, shop):
    async with kernel.context(shop.tenant) as ctx:
        made = await invite_member(ctx, shop.customers["C1"], MemberInput("zhou@c1.example", "Zhou", "buyer"))
    actor = await member_as(kernel, shop, made.id)
    async with kernel.context(shop.tenant) as ctx:
        await end_member(ctx, shop.customers["C1"], made.id)
        back = await invite_member(ctx, shop.customers["C2"], MemberInput("zhou@c1.example", "Zhou", "owner"))
        assert back.id == made.id
        assert back.link == ""
        assert [one.role for one in await list_company(ctx, shop.customers["C2"])] == ["owner"]
    async with kernel.context(shop.tenant, actor=actor) as ctx:
        assert (await buyer(ctx)).id == shop.customers["C2"]


async def test_no_role_for_staff_goes_to_a_customers_person(kernel, shop):
    """A distributor who gives the role more than customers may have cannot hand it to them any more."""
    async with kernel.context(shop.tenant) as ctx:
        await invite_member(ctx, shop.customers["C1"], MemberInput("a@c1.example", "A", "buyer"))
        await ctx.db.execute(
            "UPDATE role SET permissions = permissions || ARRAY['trade.orders.read'] "
            "WHERE tenant_id = $1 AND key = 'company-buyer'",
            ctx.tenant.id,
        )
        with pytest.raises(Forbidden, match="staff only"):
            await invite_member(ctx, shop.customers["C1"], MemberInput("b@c1.example", "B", "buyer"))


async def test_a_role_that_is_none_is_refused(kernel, shop):
    async with kernel.context(shop.tenant) as ctx:
        with pytest.raises(Invalid) as refused:
            await invite_member(ctx, shop.customers["C1"], MemberInput("a@c1.example", "A", "boss"))
    assert refused.value.field == "role"


async def test_roles_of_companies_are_made_once_in_the_distributors_language(kernel, shop, invited):
    await invited("finance")
    await invited("finance")
    async with kernel.context(shop.tenant) as ctx:
        rows = await ctx.db.fetch(
            "SELECT name, permissions FROM role WHERE tenant_id = $1 AND key = 'company-finance'",
            ctx.tenant.id,
        )
    assert [row["name"] for row in rows] == ["Customer: finance"]
    assert rows[0]["permissions"] == ["trade.accounts.read_own"]


async def test_what_is_done_to_people_stands_in_the_audit_log(kernel, shop, companys_owner):
    async with kernel.context(shop.tenant, actor=companys_owner) as ctx:
        made = await invite_member(ctx, shop.customers["C1"], MemberInput("z@c1.example", "Zhou", "buyer"))
        await change_member_role(ctx, shop.customers["C1"], made.id, "finance")
        await end_member(ctx, shop.customers["C1"], made.id)
        rows = await ctx.db.fetch(
            "SELECT action FROM audit_entry WHERE tenant_id = $1 AND actor_id = $2 ORDER BY id",
            ctx.tenant.id, companys_owner.membership_id,
        )  # fmt: skip
    actions = [row["action"] for row in rows]
    for wanted in ("member.invite", "trade.customer.member_linked", "member.roles",
                   "trade.customer.member_role", "member.end", "trade.customer.member_ended"):  # fmt: skip
        assert wanted in actions


async def test_the_customers_page_invites_changes_and_ends(kernel, shop, owner):
    page = f"/desk/customers/{shop.customers['C1']}"
    assert "Nobody orders for this customer yet" in (await owner.get(page)).text
    form = {"login": "zhou@c1.example", "person": "Zhou <Min>", "role": "owner"}
    invited = await owner.post(f"{page}/people", data=form)
    assert "/invitation/" in invited.text
    assert "Zhou &lt;Min&gt;" in (await owner.get(page)).text
    async with kernel.context(shop.tenant) as ctx:
        (member,) = await list_company(ctx, shop.customers["C1"])
    here = f"{page}/people/{member.id}"
    assert (await owner.post(f"{here}/role", data={"role": "finance"})).status_code == 303
    assert "/invitation/" in (await owner.post(f"{here}/invitation")).text
    assert (await owner.post(f"{here}/end")).status_code == 303
    assert "Nobody orders for this customer yet" in (await owner.get(page)).text
    refused = await owner.post(f"{page}/people", data=form | {"login": "zhou@"})
    assert refused.status_code == 422
    assert 'value="zhou@"' in refused.text


async def test_the_mall_shows_the_company_to_its_owner_alone(kernel, shop, companys_owner, client_for):
    client = await client_for(shop.tenant, "buyer")
    page = await client.get("/mall/company")
    assert "buyer@" in page.text
    assert "buyer2@" not in page.text
    form = {"login": "zhou@c1.example", "name": "Zhou", "role": "finance"}
    assert "/invitation/" in (await client.post("/mall/company/people", data=form)).text
    refused = await client.post("/mall/company/people", data=form)
    assert refused.status_code == 409
    assert "cannot be added here" in refused.text
    people = (await client.get("/api/v1/mall/company/people")).json()
    zhou = next(one for one in people if one["name"] == "Zhou")
    path = f"/api/v1/mall/company/people/{zhou['id']}"
    assert (await client.put(f"{path}/role", json={"role": "buyer"})).json() == {"role": "buyer"}
    assert (await client.post(f"{path}/end")).json()["state"] == "ended"
    assert (await client.post(f"{path}/end")).status_code in {200, 404}
