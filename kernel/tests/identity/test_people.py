"""People, members, roles, and which permissions roles may name."""

import ast
from pathlib import Path

import headgate_kernel
import pytest
from headgate_kernel.identity.logins import fold_login
from headgate_kernel.identity.memberships import list_members, save_members, save_roles
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.identity.permissions import KERNEL_PERMISSIONS, check_roles
from headgate_kernel.jobs.own import KERNEL_JOBS
from headgate_kernel.web import api, pages
from headgate_kernel.web.rendering import KERNEL_NAV
from headgate_sdk.blueprint import PersonEntry, RoleEntry
from headgate_sdk.errors import Invalid
from headgate_sdk.manifest import Permission
from headgate_sdk.web import PUBLIC, SIGNED_IN

OF_PLUGINS = [Permission("sample.notes.read", "See notes"), Permission("sample.notes.write", "Write notes")]


async def test_a_person_is_known_once_whatever_tenants_they_belong_to(kernel, tenant):
    async with kernel.databases.platform_scope() as db:
        again = await save_people(
            db, [NewPerson(f"OWNER@{tenant.info.slug}.example", "Other name")], kernel.clock.now()
        )
        rows = await db.fetch(
            "SELECT p.name FROM person p JOIN person_login l ON l.person_id = p.id WHERE l.login = $1",
            f"owner@{tenant.info.slug}.example",
        )
    assert list(again) == [f"owner@{tenant.info.slug}.example"]
    assert [row["name"] for row in rows] == ["Owner"]


async def test_members_are_listed_with_the_names_of_their_roles(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        members = {member.name: (member.kind, member.roles) for member in await list_members(ctx)}
    assert members["Writer"] == ("staff", ("Writer",))
    assert members["Buyer"] == ("customer", ("Buyer",))


async def test_roles_of_a_member_are_replaced(kernel, tenant):
    login = f"writer@{tenant.info.slug}.example"
    person = PersonEntry(login, "Writer two", "staff", ("reader", "owner", "reader"))
    async with kernel.databases.platform_scope() as db:
        ids = await save_people(db, [NewPerson(login, "Writer")], kernel.clock.now())
    async with kernel.context(tenant) as ctx:
        await save_members(ctx, [person], ids)
        members = {member.login: member for member in await list_members(ctx)}
    assert (members[login].name, members[login].roles) == ("Writer two", ("Owner", "Reader"))


async def test_a_member_known_by_another_login_stays_one_member(kernel, tenant):
    login, second = f"writer@{tenant.info.slug}.example", fold_login(f"138{tenant.info.id:08}")
    async with kernel.databases.platform_scope() as db:
        ids = await save_people(db, [NewPerson(login, "Writer")], kernel.clock.now())
        await db.execute("INSERT INTO person_login (login, person_id) VALUES ($1, $2)", second, ids[login])
    async with kernel.context(tenant) as ctx:
        before = await list_members(ctx)
        members = await save_members(
            ctx, [PersonEntry(second, "Writer", "staff", ("writer",))], {second: ids[login]}
        )
        after = await list_members(ctx)
    assert members[second] in {member.id for member in before}
    assert len(before) == len(after)


async def test_a_role_that_is_not_defined_names_the_person(kernel, tenant):
    person = PersonEntry("new@x.example", "New", "staff", ("chief",))
    async with kernel.databases.platform_scope() as db:
        ids = await save_people(db, [NewPerson(person.login, person.name)], kernel.clock.now())
    with pytest.raises(Invalid, match=r"new@x\.example is given the role chief"):
        async with kernel.context(tenant) as ctx:
            await save_members(ctx, [person], ids)


async def test_a_role_is_changed_by_its_key(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        await save_roles(ctx, [RoleEntry("reader", "Looker", ("sample.notes.write",))])
        row = await ctx.db.fetch_row(
            "SELECT name, permissions FROM role WHERE tenant_id = $1 AND key = 'reader'", tenant.info.id
        )
    assert (row["name"], row["permissions"]) == ("Looker", ["sample.notes.write"])


@pytest.mark.parametrize(
    "permission",
    ["*", "sample.*", "sample.notes.*", "sample.notes.read", "headgate.flow.write", "headgate.*"],
)
def test_known_permissions_and_patterns_are_taken(permission):
    check_roles([RoleEntry("r", "R", (permission,))], OF_PLUGINS)


@pytest.mark.parametrize(
    "permission",
    ["sample.notes.reed", "sample", "sampl.*", "sample.notes.read.*", "", ".*", "sample.*.read", "**"],
)
def test_an_unknown_permission_is_refused_by_name(permission):
    with pytest.raises(Invalid) as caught:
        check_roles([RoleEntry("fine", "F", ("*",)), RoleEntry("clerk", "C", (permission,))], OF_PLUGINS)
    assert f"The role clerk allows {permission}," in str(caught.value)


def test_every_permission_that_the_kernel_asks_for_is_declared():
    asked = {item.permission for item in KERNEL_NAV}
    asked |= {handler.opt["permission"] for handler in (*api.HANDLERS, *pages.HANDLERS)}
    declared = {permission.id for permission in KERNEL_PERMISSIONS}
    assert asked - {PUBLIC, SIGNED_IN, "operator"} <= declared
    assert declared == {name for name in _literals() if name in declared}
    alike = {name for name in _literals() if name.startswith("headgate.") and name.count(".") == 2}
    assert alike - {job.name for job in KERNEL_JOBS} == declared


def _literals():
    """Give the texts of the kernel's code outside of the list itself that look like its permissions."""
    for path in Path(headgate_kernel.__file__).parent.rglob("*.py"):
        if path.name == "permissions.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
                yield node.value
