"""People of a tenant: invited, given roles, sent away and let back; never the last owner, by whoever may."""

import asyncio

import msgspec
import pytest
from headgate_kernel.identity.inviting import Invitee, invite_again, invite_staff
from headgate_kernel.identity.member_changes import end_member, restore_member, set_member_roles
from headgate_kernel.identity.member_sessions import end_member_sessions, list_member_sessions
from headgate_kernel.identity.members import count_members, get_member, list_members, member_history
from headgate_sdk.errors import Conflict, Forbidden, HeadgateError, Invalid, NotFound
from headgate_sdk.testing.tenants import actor_of

from .staff import READ, WRITE, acting, allow, audited, login_of, make_role, member_id, role_id

MANAGER = ("headgate.people.read", "headgate.people.write", READ)


async def invite(kernel, ctx, login, *roles, name="Zhou Min"):
    return await invite_staff(kernel, ctx, Invitee(login, name), roles)


async def accept(kernel, tenant, admitted):
    """Take an invitation up, as its link does."""
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "UPDATE invitation SET accepted_at = created_at WHERE tenant_id = $1 AND membership_id = $2",
            tenant.info.id, admitted.id,
        )  # fmt: skip


# -- inviting ------------------------------------------------------------------------------------------------


async def test_who_is_invited_is_known_and_waits_until_they_come(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        admitted = await invite(kernel, ctx, "zhou@firm.example", await role_id(ctx, "reader"))
        member = await get_member(ctx, admitted.id)
        entries = await audited(ctx, admitted.id)
    assert (member.name, member.login, member.roles) == ("Zhou Min", "zhou@firm.example", ["Reader"])
    assert member.waiting
    assert member.invited.sent_to == "zhou@firm.example"
    assert f"http://{tenant.info.slug}.localhost" in admitted.link
    assert [entry["action"] for entry in entries] == ["member.invite"]
    assert admitted.link.rpartition("/")[2] not in entries[0]["details"]
    await accept(kernel, tenant, admitted)
    async with acting(kernel, tenant, "owner") as ctx:
        assert not (await get_member(ctx, admitted.id)).waiting
        with pytest.raises(Conflict, match="accepted"):
            await invite_again(kernel, ctx, admitted.id)


async def test_an_invitation_is_sent_again_and_taken_back(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        first = await invite(kernel, ctx, "zhou@firm.example", await role_id(ctx, "reader"))
        second = await invite_again(kernel, ctx, first.id)
        assert second.link != first.link
        await end_member(kernel, ctx, first.id)
        still_open = await ctx.db.fetch_value(
            "SELECT count(*) FROM invitation "
            "WHERE tenant_id = $1 AND membership_id = $2 AND revoked_at IS NULL",
            tenant.info.id, first.id,
        )  # fmt: skip
    assert still_open == 0


@pytest.mark.parametrize(
    ("login", "name", "field"),
    [("", "Zhou", "login"), ("zhou@", "Zhou", "login"), ("?", "Zhou", "login"),
     ("zhou@firm.example", " ", "name"), ("zhou@firm.example", "x" * 81, "name")],
)  # fmt: skip
async def test_what_is_wrong_with_an_invitation_is_told_at_its_field(kernel, tenant, login, name, field):
    async with acting(kernel, tenant, "owner") as ctx:
        with pytest.raises(Invalid) as refused:
            await invite(kernel, ctx, login, await role_id(ctx, "reader"), name=name)
    assert refused.value.field == field


async def test_nobody_is_invited_without_a_role(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        with pytest.raises(Invalid) as refused:
            await invite(kernel, ctx, "zhou@firm.example")
    assert refused.value.field == "roles"


async def test_who_belongs_here_is_not_invited_twice(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        reader = await role_id(ctx, "reader")
        with pytest.raises(Conflict, match="belongs here"):
            await invite(kernel, ctx, login_of("writer", tenant.info.slug).upper(), reader)


async def test_somebody_from_another_distributor_is_invited_and_nothing_of_there_is_told(
    kernel, tenant, other_tenant
):
    theirs = login_of("writer", other_tenant.info.slug)
    async with acting(kernel, tenant, "owner") as ctx:
        admitted = await invite(kernel, ctx, theirs, await role_id(ctx, "reader"), name="As we call them")
        member = await get_member(ctx, admitted.id)
        assert (member.name, member.waiting) == ("As we call them", True)
        assert not await list_member_sessions(kernel, ctx, admitted.id)


async def test_a_user_name_is_whose_took_it_first(kernel, tenant, other_tenant):
    name = f"zhou.{tenant.info.slug}"
    async with acting(kernel, other_tenant, "owner") as ctx:
        await invite(kernel, ctx, name, await role_id(ctx, "reader"))
    async with acting(kernel, tenant, "owner") as ctx:
        with pytest.raises(Invalid) as refused:
            await invite(kernel, ctx, name, await role_id(ctx, "reader"))
    assert refused.value.field == "login"


@pytest.mark.parametrize("role", ["owner", "writer"])
async def test_nobody_invites_into_a_role_above_their_own(kernel, tenant, role):
    await allow(kernel, tenant, "reader", *MANAGER)
    async with acting(kernel, tenant, "reader") as ctx:
        with pytest.raises(Forbidden):
            await invite(kernel, ctx, "accomplice@firm.example", await role_id(ctx, role))
        assert await invite(kernel, ctx, "colleague@firm.example", await role_id(ctx, "reader"))


# -- roles ---------------------------------------------------------------------------------------------------


async def test_an_owner_gives_roles_and_it_stands_in_the_history(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        reader = await member_id(ctx, "reader")
        both = [await role_id(ctx, "reader"), await role_id(ctx, "writer")]
        await set_member_roles(ctx, reader, both)
        assert (await get_member(ctx, reader)).roles == ["Reader", "Writer"]
        (change,) = await member_history(ctx, reader)
    assert (change.by, change.action) == ("Owner", "member.roles")
    assert (change.details["before"], change.details["after"]) == (
        {"roles": ["Reader"]}, {"roles": ["Reader", "Writer"]},
    )  # fmt: skip


@pytest.mark.parametrize("role", ["owner", "writer"])
async def test_nobody_gives_themselves_or_others_more_than_they_have(kernel, tenant, role):
    await allow(kernel, tenant, "reader", *MANAGER)
    async with acting(kernel, tenant, "reader") as ctx:
        with pytest.raises(Forbidden):
            await set_member_roles(ctx, await member_id(ctx, "reader"), [await role_id(ctx, role)])


@pytest.mark.parametrize("deed", ["roles", "end", "sessions", "again", "restore"])
async def test_nobody_touches_those_who_may_do_more(kernel, tenant, deed):
    await allow(kernel, tenant, "reader", *MANAGER)
    async with acting(kernel, tenant, "reader") as ctx:
        owner, reader = await member_id(ctx, "owner"), await role_id(ctx, "reader")
        with pytest.raises(Forbidden):
            if deed == "roles":
                await set_member_roles(ctx, owner, [reader])
            elif deed == "end":
                await end_member(kernel, ctx, owner)
            elif deed == "sessions":
                await end_member_sessions(kernel, ctx, owner)
            elif deed == "restore":
                await restore_member(kernel, ctx, owner)
            else:
                await invite_again(kernel, ctx, owner)


async def test_people_of_customers_get_no_role_of_the_staff(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        with pytest.raises(Conflict, match="page of their customer"):
            await set_member_roles(ctx, await member_id(ctx, "buyer"), [await role_id(ctx, "writer")])


# -- the end -------------------------------------------------------------------------------------------------


async def test_who_leaves_is_out_at_once_and_who_returns_signs_in_anew(kernel, tenant, client_for):
    client = await client_for(tenant, "writer")
    assert (await client.get("/sample/notes")).status_code == 200
    owner = await client_for(tenant, "owner")
    async with kernel.context(tenant) as ctx:
        writer = await member_id(ctx, "writer")
    assert (await owner.post(f"/settings/people/{writer}/end")).status_code == 303
    assert (await client.get("/sample/notes")).status_code == 303
    assert (await owner.post(f"/settings/people/{writer}/restore")).status_code == 303
    assert (await client.get("/sample/notes")).status_code == 303
    again = await client_for(tenant, "writer")
    assert (await again.get("/sample/notes")).status_code == 200
    async with acting(kernel, tenant, "owner") as ctx:
        entries = await audited(ctx, writer)
    assert [entry["action"] for entry in entries] == ["member.end", "member.restore"]
    told = msgspec.json.decode(entries[0]["details"])
    assert (told["before"]["state"], told["after"]["state"], told["sessions"]) == ("active", "ended", 1)


async def test_sessions_elsewhere_stay(kernel, tenant, other_tenant, token_for):
    async with kernel.databases.platform_scope() as db:
        person = await db.fetch_value(
            "SELECT person_id FROM membership WHERE tenant_id = $1 AND login = $2",
            tenant.info.id, login_of("writer", tenant.info.slug),
        )  # fmt: skip
        await db.execute(
            "INSERT INTO membership (tenant_id, id, person_id, login, name, kind) "
            "VALUES ($1, gen_random_uuid(), $2, 'w@there.example', 'There', 'staff')",
            other_tenant.info.id, person,
        )  # fmt: skip
        there = await db.fetch_value(
            "SELECT id FROM membership WHERE tenant_id = $1 AND person_id = $2", other_tenant.info.id, person
        )
    elsewhere = await kernel.sessions.open(person, other_tenant.info.id, there, "tests")
    here = await token_for(tenant, "writer")
    async with acting(kernel, tenant, "owner") as ctx:
        writer = await member_id(ctx, "writer")
        assert len(await list_member_sessions(kernel, ctx, writer)) == 1
        await end_member(kernel, ctx, writer)
    assert (await kernel.sessions.find(here, tenant.info.id)).actor.kind == "anonymous"
    assert (await kernel.sessions.find(elsewhere, other_tenant.info.id)).actor.name == "There"


async def test_one_session_is_ended_and_a_foreign_one_is_not(kernel, tenant, token_for):
    first, second = await token_for(tenant, "writer"), await token_for(tenant, "writer")
    owners = await token_for(tenant, "owner")
    async with acting(kernel, tenant, "owner") as ctx:
        writer, owner = await member_id(ctx, "writer"), await member_id(ctx, "owner")
        own = await list_member_sessions(kernel, ctx, owner)
        with pytest.raises(NotFound):
            await end_member_sessions(kernel, ctx, writer, own[0].id)
        sessions = await list_member_sessions(kernel, ctx, writer)
        assert await end_member_sessions(kernel, ctx, writer, sessions[0].id) == 1
    alive = [
        (await kernel.sessions.find(token, tenant.info.id)).actor.kind for token in (first, second, owners)
    ]
    assert sorted(alive) == ["anonymous", "staff", "staff"]


async def test_one_does_not_end_ones_own_access(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        with pytest.raises(Conflict, match="your own"):
            await end_member(kernel, ctx, await member_id(ctx, "owner"))


async def test_the_last_owner_does_not_give_it_up(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        with pytest.raises(Conflict, match="owner first"):
            await set_member_roles(ctx, await member_id(ctx, "owner"), [await role_id(ctx, "reader")])


async def test_an_owner_who_has_not_come_yet_does_not_count(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        second = await invite(kernel, ctx, "second@firm.example", await role_id(ctx, "owner"))
    async with acting(kernel, tenant, "owner") as ctx:
        with pytest.raises(Conflict, match="owner first"):
            await set_member_roles(ctx, await member_id(ctx, "owner"), [await role_id(ctx, "reader")])
    await accept(kernel, tenant, second)
    async with acting(kernel, tenant, "owner") as ctx:
        await set_member_roles(ctx, await member_id(ctx, "owner"), [await role_id(ctx, "reader")])


async def test_refusing_to_end_the_last_owner_leaves_them_signed_in(kernel, tenant, token_for):
    """A person with the pattern in a role of its own may do all that the owner may, and still not this."""
    token = await token_for(tenant, "owner")
    await allow(kernel, tenant, "writer", "*")
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute(
            "UPDATE membership SET kind = 'customer' WHERE tenant_id = $1 AND id = $2",
            tenant.info.id, await member_id(ctx, "writer"),
        )  # fmt: skip
    with pytest.raises(Conflict, match="owner first"):
        async with acting(kernel, tenant, "writer") as ctx:
            await end_member(kernel, ctx, await member_id(ctx, "owner"))
    assert (await kernel.sessions.find(token, tenant.info.id)).actor.kind == "staff"


@pytest.mark.parametrize("how", ["end each other", "step down"])
async def test_two_owners_cannot_both_go_at_once(kernel, tenant, how):
    async with kernel.context(tenant) as ctx:
        owner, writer = await member_id(ctx, "owner"), await member_id(ctx, "writer")
        reader = await role_id(ctx, "reader")
        await set_member_roles(ctx, writer, [await role_id(ctx, "owner")])

    async def go(actor, member):
        try:
            async with kernel.context(tenant, actor=actors[actor]) as ctx:
                if how == "end each other":
                    await end_member(kernel, ctx, member)
                else:
                    await set_member_roles(ctx, member, [reader])
        except HeadgateError as refused:
            return refused.code
        return "done"

    actors = {role: await actor_of(kernel, tenant, role) for role in ("owner", "writer")}
    pairs = [("owner", writer), ("writer", owner)]
    if how == "step down":
        pairs = [("owner", owner), ("writer", writer)]
    outcomes = await asyncio.gather(*(go(actor, member) for actor, member in pairs))
    assert sorted(outcomes) == ["conflict", "done"]
    async with kernel.context(tenant) as ctx:
        left = [m for m in (await list_members(ctx, view="staff")).items if "Owner" in m.roles]
    assert len(left) == 1


async def test_many_at_once_leave_one_owner(kernel, tenant):
    """Whoever is faster: of five owners who all send each other away, one stays."""
    async with acting(kernel, tenant, "owner") as ctx:
        star = await role_id(ctx, "owner")
        people = [await invite(kernel, ctx, f"o{n}@{tenant.info.slug}.example", star) for n in range(4)]
        owners = [await member_id(ctx, "owner"), *(person.id for person in people)]
    for person in people:
        await accept(kernel, tenant, person)

    async def end(member):
        try:
            async with kernel.context(tenant) as ctx:
                await end_member(kernel, ctx, member)
        except Conflict:
            return 0
        return 1

    assert sum(await asyncio.gather(*(end(member) for member in owners))) == 4


# -- lists ---------------------------------------------------------------------------------------------------


async def test_a_long_list_comes_in_pages_without_gap_or_repeat(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        reader = await role_id(ctx, "reader")
        for n in range(7):
            await invite(kernel, ctx, f"p{n}@{tenant.info.slug}.example", reader, name="Same name")
        seen, after = [], None
        while True:
            page = await list_members(ctx, view="staff", after=after, limit=3)
            seen += [member.id for member in page.items]
            assert page.total == 10
            after = page.next
            if after is None:
                break
        assert len(seen) == len(set(seen)) == 10
        assert await count_members(ctx) == {"staff": 10, "customers": 1, "invited": 7, "ended": 0}


async def test_people_are_found_by_name_login_role_and_view(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        gone = await invite(kernel, ctx, f"gone@{tenant.info.slug}.example", await role_id(ctx, "reader"))
        await end_member(kernel, ctx, gone.id)

        async def names(**wanted):
            return [member.name for member in (await list_members(ctx, **wanted)).items]

        assert await names(query="WRIT") == ["Writer"]
        assert await names(query=f"buyer@{tenant.info.slug}") == ["Buyer"]
        assert await names(role_id=await role_id(ctx, "reader")) == ["Reader"]
        assert await names(view="customers") == ["Buyer"]
        assert await names(view="ended") == ["Zhou Min"]
        assert await names(query="%") == []


@pytest.mark.parametrize("after", ["", "x", "AAAA", "bnVsbA=="])
async def test_a_cursor_that_is_none_is_refused(kernel, tenant, after):
    async with acting(kernel, tenant, "owner") as ctx:
        if not after:
            assert (await list_members(ctx, after=after)).items
            return
        with pytest.raises(Invalid) as refused:
            await list_members(ctx, after=after)
    assert refused.value.field == "after"


# -- pages and API -------------------------------------------------------------------------------------------


async def test_the_pages_invite_show_and_change(kernel, tenant, client_for):
    owner = await client_for(tenant, "owner")
    async with kernel.context(tenant) as ctx:
        reader, writer = await role_id(ctx, "reader"), await role_id(ctx, "writer")
    form = {"login": "zhou@firm.example", "name": "Zhou <b>Min", "roles": [str(reader), str(writer)]}
    invited = await owner.post("/settings/people/invite", data=form)
    assert "/invitation/" in invited.text
    assert invited.headers["cache-control"] == "no-store"
    listed = await owner.get("/settings/people", params={"view": "invited"})
    assert "Zhou &lt;b&gt;Min" in listed.text
    async with kernel.context(tenant) as ctx:
        (member,) = (await list_members(ctx, view="invited")).items
    page = await owner.get(f"/settings/people/{member.id}")
    assert "/invitation/" not in page.text
    changed = await owner.post(f"/settings/people/{member.id}/roles", data={"roles": str(writer)})
    assert changed.status_code == 303
    refused = await owner.post(f"/settings/people/{member.id}/roles", data={})
    assert refused.status_code == 422
    assert "at least one role" in refused.text


async def test_a_refused_invitation_keeps_what_was_typed(kernel, tenant, client_for):
    await allow(kernel, tenant, "reader", *MANAGER)
    manager = await client_for(tenant, "reader")
    async with kernel.context(tenant) as ctx:
        owner_role = await role_id(ctx, "owner")
    form = {"login": "accomplice@firm.example", "name": "Accomplice", "roles": str(owner_role)}
    answer = await manager.post("/settings/people/invite", data=form)
    assert answer.status_code == 403
    assert 'value="accomplice@firm.example"' in answer.text
    async with kernel.context(tenant) as ctx:
        assert not (await list_members(ctx, query="accomplice")).items


async def test_escalation_through_the_api_is_refused_too(kernel, tenant, client_for, token_for):
    await allow(kernel, tenant, "reader", *MANAGER)
    client = await client_for(tenant, authorization=f"Bearer {await token_for(tenant, 'reader')}")
    people = {one["name"]: one for one in (await client.get("/api/v1/people")).json()["items"]}
    owner, reader = people["Owner"], people["Reader"]
    star = owner["roles"][0]["id"]
    body = {"login": "accomplice@firm.example", "name": "Accomplice", "role_ids": [star]}
    tries = [
        client.post("/api/v1/people", json=body),
        client.put(f"/api/v1/people/{reader['id']}/roles", json={"role_ids": [star]}),
        client.post(f"/api/v1/people/{owner['id']}/end"),
        client.post(f"/api/v1/people/{owner['id']}/sessions/end"),
    ]
    for request in tries:
        answer = await request
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), answer.text
    assert (await client.get("/api/v1/people")).json()["total"] == len(people)


async def test_the_api_invites_changes_and_ends(kernel, tenant, client_for, token_for):
    client = await client_for(tenant, authorization=f"Bearer {await token_for(tenant, 'owner')}")
    async with kernel.context(tenant) as ctx:
        reader, writer = str(await role_id(ctx, "reader")), str(await role_id(ctx, "writer"))
    body = {"login": "api@firm.example", "name": "Api", "role_ids": [reader]}
    made = await client.post("/api/v1/people", json=body)
    assert made.status_code == 201
    path = f"/api/v1/people/{made.json()['id']}"
    assert (await client.get(path)).json()["state"] == "invited"
    changed = await client.put(f"{path}/roles", json={"role_ids": [writer]})
    assert [role["name"] for role in changed.json()["roles"]] == ["Writer"]
    assert (await client.post(f"{path}/invitation")).json()["link"]
    assert (await client.post(f"{path}/end")).json()["state"] == "ended"
    assert (await client.post(f"{path}/end")).json()["state"] == "ended"
    assert (await client.post(f"{path}/restore")).json()["state"] == "invited"
    again = await client.post("/api/v1/people", json=body)
    assert (again.status_code, again.json()["field"]) == (409, "login")


async def test_an_owner_with_a_second_role_loses_nothing_by_losing_that(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        owner = await member_id(ctx, "owner")
        extra = await make_role(kernel, ctx, "Extra", WRITE)
        await set_member_roles(ctx, owner, [await role_id(ctx, "owner"), extra])
        await set_member_roles(ctx, owner, [await role_id(ctx, "owner")])
        assert (await get_member(ctx, owner)).roles == ["Owner"]
