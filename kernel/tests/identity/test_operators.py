"""Operators are made known from a shell, and come in by a link."""

import re

import pytest
from headgate_kernel.identity.operators import add_operator, list_operators, remove_operator
from headgate_kernel.tenancy.operating import COMMAND_LINE
from headgate_sdk.errors import Conflict, Invalid, NotFound
from headgate_sdk.ids import new_id
from headgate_sdk.testing.operators import at_console, new_operator


def new_login():
    return f"op{new_id().hex[-12:]}@headgate.example"


async def add(kernel, login, name="Chen Jie"):
    async with kernel.databases.platform_scope() as db:
        return await add_operator(kernel, db, login, name, actor=COMMAND_LINE)


async def test_a_new_operator_chooses_a_password_by_the_link_and_is_in(kernel, browse):
    link = await add(kernel, new_login())
    assert link.startswith("http://console.localhost")
    console = browse("console.localhost")
    path = re.sub(r"https?://[^/]+", "", link)
    assert (await console.get(path)).status_code == 200
    done = await console.post(path, data={"password": "seven quiet otters", "again": "seven quiet otters"})
    assert done.status_code == 303, done.text
    page = await console.get("/console/")
    assert page.status_code == 200
    assert "Chen Jie" in page.text
    gone = await browse("console.localhost").get(path)
    assert gone.status_code == 404


async def test_an_operator_gets_another_link(kernel):
    login = new_login()
    first, second = await add(kernel, login), await add(kernel, login)
    assert first != second
    async with kernel.databases.platform_scope() as db:
        assert len([one for one in await list_operators(db) if one.login == login]) == 1


async def test_nobody_of_a_distributor_becomes_an_operator(kernel, tenant):
    with pytest.raises(Conflict, match="belongs to somebody of a distributor"):
        await add(kernel, f"owner@{tenant.info.slug}.example")


async def test_what_is_no_login_is_refused(kernel):
    with pytest.raises(Invalid):
        await add(kernel, "no login @ all")


async def test_who_is_removed_is_out_at_once(kernel, browse):
    login = new_login()
    await add(kernel, login)
    await new_operator(kernel)
    async with kernel.databases.platform_scope() as db:
        person = await db.fetch_value("SELECT person_id FROM person_login WHERE login = $1", login)
    operator = (await new_operator(kernel)).__class__("operator", "x", person_id=person)
    console = await at_console(kernel, browse("console.localhost"), operator)
    assert (await console.get("/console/")).status_code == 200
    async with kernel.databases.platform_scope() as db:
        await remove_operator(kernel, db, login, actor=COMMAND_LINE)
    assert (await console.get("/console/")).status_code == 303
    with pytest.raises(NotFound):
        async with kernel.databases.platform_scope() as db:
            await remove_operator(kernel, db, login, actor=COMMAND_LINE)
