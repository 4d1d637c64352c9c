"""Roles: nobody gives or takes what is not theirs, and an owner always stays."""

import asyncio

import msgspec
import pytest
from headgate_kernel.identity.permissions import for_customers, may_grant, permission_groups
from headgate_kernel.identity.roles import (
    RoleInput,
    change_role,
    delete_role,
    get_role,
    list_roles,
)
from headgate_sdk.context import Actor
from headgate_sdk.errors import Conflict, Forbidden, HeadgateError, Invalid, NotFound
from headgate_sdk.testing.tenants import actor_of

from .staff import READ, WRITE, acting, allow, audited, make_role, member_id, role_id

MANAGER = ("headgate.people.read", "headgate.people.write", "headgate.roles.write", READ)


async def change(kernel, ctx, which, name, *permissions, second_factor=False):
    groups = permission_groups(kernel.host, ctx.plugins)
    await change_role(ctx, which, RoleInput(name, permissions, second_factor), groups)


async def test_an_owner_makes_changes_copies_and_deletes_a_role(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        made = await make_role(kernel, ctx, "  Night   clerk ", READ, READ)
        await change(kernel, ctx, made, "Night clerk", READ, WRITE, second_factor=True)
        role = await get_role(ctx, made)
        assert (role.name, role.key, role.permissions) == ("Night clerk", "night-clerk", [READ, WRITE])
        assert role.second_factor
        await delete_role(ctx, made)
        with pytest.raises(NotFound):
            await get_role(ctx, made)
        entries = await audited(ctx, made)
    assert [entry["action"] for entry in entries] == ["role.create", "role.change", "role.delete"]
    told = msgspec.json.decode(entries[1]["details"])
    assert (told["before"]["permissions"], told["after"]["permissions"]) == ([READ], [READ, WRITE])


@pytest.mark.parametrize("wanted", ["*", "sample.*", WRITE, "headgate.*", "headgate.plugins.write"])
async def test_nobody_makes_a_role_that_allows_more_than_they_may(kernel, tenant, wanted):
    await allow(kernel, tenant, "reader", *MANAGER)
    async with acting(kernel, tenant, "reader") as ctx:
        with pytest.raises(Forbidden) as refused:
            await make_role(kernel, ctx, "Backdoor", wanted)
        assert refused.value.params["permission"] == wanted
        assert await make_role(kernel, ctx, "Helper", READ)


async def test_who_has_each_permission_of_a_plugin_has_not_its_pattern(kernel, tenant):
    await allow(kernel, tenant, "reader", *MANAGER, WRITE)
    async with acting(kernel, tenant, "reader") as ctx:
        with pytest.raises(Forbidden):
            await make_role(kernel, ctx, "All of today and tomorrow", "sample.*")


@pytest.mark.parametrize("role", ["owner", "writer"])
async def test_a_role_above_ones_own_is_left_alone(kernel, tenant, role):
    """Neither widened, nor narrowed, nor renamed, nor deleted."""
    await allow(kernel, tenant, "reader", *MANAGER)
    async with acting(kernel, tenant, "reader") as ctx:
        above = await role_id(ctx, role)
        for deed in (
            change(kernel, ctx, above, "Renamed", *(await get_role(ctx, above)).permissions),
            change(kernel, ctx, above, "Narrowed", READ),
            delete_role(ctx, above),
        ):
            with pytest.raises(Forbidden):
                await deed


async def test_one_does_not_widen_ones_own_role(kernel, tenant):
    await allow(kernel, tenant, "reader", *MANAGER)
    async with acting(kernel, tenant, "reader") as ctx:
        with pytest.raises(Forbidden):
            await change(kernel, ctx, await role_id(ctx, "reader"), "Reader", *MANAGER, WRITE)


async def test_who_may_not_change_roles_does_not(kernel, tenant):
    async with acting(kernel, tenant, "writer") as ctx:
        with pytest.raises(Forbidden):
            await make_role(kernel, ctx, "Mine", READ)


async def test_an_operator_in_an_owners_place_grants_nothing_sensitive():
    owner = Actor("staff", permissions=frozenset({"*"}), denied=frozenset({"sample.notes.write"}))
    assert may_grant(owner, "sample.notes.read")
    assert not may_grant(owner, "sample.notes.write")
    assert not may_grant(owner, "sample.*")
    assert not may_grant(owner, "*")


async def test_the_last_role_for_everything_keeps_its_star(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        with pytest.raises(Conflict, match="owner first"):
            await change(kernel, ctx, await role_id(ctx, "owner"), "Owner", READ)


async def test_a_role_that_somebody_has_is_not_deleted(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        with pytest.raises(Conflict) as refused:
            await delete_role(ctx, await role_id(ctx, "reader"))
        assert refused.value.params["n"] == 1


async def test_a_vanished_permission_may_stay_and_a_misspelt_one_may_not_come(kernel, tenant):
    await allow(kernel, tenant, "reader", READ, "gone.things.read")
    async with acting(kernel, tenant, "owner") as ctx:
        reader = await role_id(ctx, "reader")
        await change(kernel, ctx, reader, "Reader", READ, WRITE, "gone.things.read")
        with pytest.raises(Invalid) as refused:
            await change(kernel, ctx, reader, "Reader", READ, "gone.things.write")
        assert refused.value.field == "permissions"
        await change(kernel, ctx, reader, "Reader", READ)
        with pytest.raises(Invalid):
            await change(kernel, ctx, reader, "Reader", READ, "gone.things.read")


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "OWNER"])
async def test_a_role_has_a_name_of_its_own(kernel, tenant, name):
    async with acting(kernel, tenant, "owner") as ctx:
        with pytest.raises(Invalid) as refused:
            await make_role(kernel, ctx, name, READ)
        assert refused.value.field == "name"


async def test_roles_with_chinese_names_have_keys_too(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        first, second = await make_role(kernel, ctx, "仓管", READ), await make_role(kernel, ctx, "夜班", READ)
        keys = {(await get_role(ctx, one)).key for one in (first, second)}
    assert len(keys) == 2


async def test_a_role_of_customers_people_is_never_widened_beyond_them(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        buyer = await role_id(ctx, "buyer")
        with pytest.raises(Invalid, match="customers only"):
            await change(kernel, ctx, buyer, "Buyer", WRITE)
        await change(kernel, ctx, buyer, "Buyers")
        assert (await get_role(ctx, buyer)).name == "Buyers"
        assert not for_customers([READ], permission_groups(kernel.host, ctx.plugins))


async def test_two_roles_for_everything_cannot_both_lose_it_at_once(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        second = await make_role(kernel, ctx, "Second owner", "*")
        await ctx.db.execute(
            "INSERT INTO membership_role (tenant_id, membership_id, role_id) VALUES ($1, $2, $3)",
            tenant.info.id, await member_id(ctx, "reader"), second,
        )  # fmt: skip
        first = await role_id(ctx, "owner")

    actor = await actor_of(kernel, tenant, "owner")

    async def narrow(which, name):
        try:
            async with kernel.context(tenant, actor=actor) as ctx:
                await change(kernel, ctx, which, name, READ)
        except HeadgateError as refused:
            return refused.code
        return "done"

    outcomes = await asyncio.gather(narrow(first, "Owner"), narrow(second, "Second owner"))
    assert sorted(outcomes) == ["conflict", "done"]
    async with kernel.context(tenant) as ctx:
        assert sum(role.is_owner for role in await list_roles(ctx)) == 1


async def test_the_page_says_what_is_wrong_and_keeps_what_was_ticked(kernel, tenant, client_for):
    await allow(kernel, tenant, "reader", *MANAGER)
    client = await client_for(tenant, "reader")
    answer = await client.post("/settings/roles/new", data={"name": "Backdoor", "permissions": ["*", READ]})
    assert answer.status_code == 403
    assert "needs the permission *" in answer.text
    assert 'value="Backdoor"' in answer.text
    listed = await client.get("/settings/roles")
    assert "Backdoor" not in listed.text


async def test_escalation_through_the_api_is_refused_too(kernel, tenant, client_for, token_for):
    await allow(kernel, tenant, "reader", *MANAGER)
    client = await client_for(tenant, authorization=f"Bearer {await token_for(tenant, 'reader')}")
    roles = {role["key"]: role for role in (await client.get("/api/v1/roles")).json()}
    tries = [
        client.post("/api/v1/roles", json={"name": "Backdoor", "permissions": ["*"]}),
        client.put(f"/api/v1/roles/{roles['reader']['id']}", json={"name": "Reader", "permissions": ["*"]}),
        client.put(f"/api/v1/roles/{roles['owner']['id']}", json={"name": "Owner", "permissions": ["*"]}),
        client.delete(f"/api/v1/roles/{roles['writer']['id']}"),
    ]
    for request in tries:
        answer = await request
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await client.get("/api/v1/roles")).json() == list(roles.values())


async def test_the_api_makes_changes_and_deletes(tenant, client_for, token_for):
    client = await client_for(tenant, authorization=f"Bearer {await token_for(tenant, 'owner')}")
    made = await client.post("/api/v1/roles", json={"name": "Counter", "permissions": [READ]})
    assert made.status_code == 201
    path = f"/api/v1/roles/{made.json()['id']}"
    changed = await client.put(path, json={"name": "Till", "permissions": [], "second_factor": True})
    assert (changed.json()["name"], changed.json()["second_factor"]) == ("Till", True)
    assert (await client.delete(path)).status_code == 204
    assert (await client.delete(path)).status_code == 404
    known = {one["id"]: one for one in (await client.get("/api/v1/permissions")).json()}
    assert known["headgate.people.write"]["sensitive"]
    assert not known[READ]["sensitive"]
