import json

import asyncpg
import pytest
from headgate_kernel.audit import append_platform_entry
from headgate_sdk.context import Actor
from headgate_sdk.ids import new_id
from headgate_sdk.secrets import Secret

OPERATOR_ID = new_id()


async def entries(kernel, tenant) -> list:
    async with kernel.context(tenant) as ctx:
        return await ctx.db.fetch(
            "SELECT * FROM audit_entry WHERE tenant_id = $1 AND action = 'test.deed' ORDER BY id",
            ctx.tenant.id,
        )


async def test_an_entry_tells_who_on_whose_behalf_from_where_and_in_which_request(kernel, tenant):
    actor = Actor(
        "staff", "Mei", membership_id=new_id(), person_id=new_id(), operator="Otto", operator_id=OPERATOR_ID
    )
    async with kernel.databases.tenant_scope(tenant.info.id) as db:
        ctx = kernel.make_context(tenant, actor, db, request_id="r-1", address="192.0.2.7")
        await ctx.acting_as(actor).audit("test.deed", "thing", before=1, after=2)
    (row,) = await entries(kernel, tenant)
    assert (row["actor_kind"], row["actor_name"], row["actor_id"]) == ("staff", "Mei", actor.membership_id)
    assert (row["person_id"], row["operator_name"]) == (actor.person_id, "Otto")
    assert (row["operator_id"], row["request_id"], row["address"]) == (OPERATOR_ID, "r-1", "192.0.2.7")
    assert json.loads(row["details"]) == {"before": 1, "after": 2}


async def test_an_entry_is_undone_with_its_deed(kernel, tenant):
    async def fail() -> None:
        async with kernel.context(tenant) as ctx:
            await ctx.audit("test.deed", "thing")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert not await entries(kernel, tenant)
    async with kernel.databases.platform_scope() as db:
        assert not await db.fetch_value(
            "SELECT count(*) FROM audit_unsealed w WHERE tenant_id = $1 AND NOT EXISTS "
            "(SELECT FROM audit_entry e WHERE e.tenant_id = $1 AND e.id = w.entry_id)",
            tenant.info.id,
        )


async def test_a_secret_among_the_details_shows_as_dots(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        await ctx.audit("test.deed", "thing", after={"password": Secret("hunter2")}, at=kernel.clock.now())
    (row,) = await entries(kernel, tenant)
    assert "hunter2" not in row["details"]
    assert json.loads(row["details"])["after"] == {"password": "••••"}


@pytest.mark.parametrize("table", ["audit_entry", "platform_audit_entry", "audit_seal"])
@pytest.mark.parametrize("change", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}"])
async def test_no_role_of_the_program_changes_what_was_written(kernel, tenant, table, change):
    column = "hash" if table == "audit_seal" else "subject"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with kernel.databases.platform_scope() as db:
            await db.execute(change.format(table, column))
    async with kernel.context(tenant) as ctx:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with ctx.db.savepoint():
                await ctx.db.execute(change.format(table, column))


async def test_a_log_is_erased_only_after_its_tenant(kernel, tenant, other_tenant):
    async with kernel.context(other_tenant) as ctx:
        await ctx.audit("test.deed", "thing")
    for number in (tenant.info.id, 0, -1):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only after the tenant itself"):
            async with kernel.databases.platform_scope() as db:
                await db.fetch("SELECT headgate_erase_audit($1)", number)
    async with kernel.context(tenant) as ctx:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="headgate_erase_audit"):
            async with ctx.db.savepoint():
                await ctx.db.fetch("SELECT headgate_erase_audit($1)", tenant.info.id)
    async with kernel.databases.platform_scope() as db:
        written = await db.fetch_value(
            "SELECT count(*) FROM audit_entry WHERE tenant_id = $1", tenant.info.id
        )
        await db.execute("DELETE FROM tenant_host WHERE tenant_id = $1", tenant.info.id)
        await db.execute("DELETE FROM tenant WHERE id = $1", tenant.info.id)
        erased = await db.fetch_row("SELECT * FROM headgate_erase_audit($1)", tenant.info.id)
    assert written > 0
    assert (erased["entries"], erased["seals"]) == (written, 0)
    assert await entries(kernel, other_tenant)


async def test_deeds_of_operators_stand_in_the_platforms_own_log(kernel):
    subject = f"t-{new_id()}"
    async with kernel.databases.platform_scope() as db:
        await append_platform_entry(
            db, actor=Actor("operator", "Otto", person_id=OPERATOR_ID), action="tenant.suspend",
            subject=subject,
            details={"before": "active", "after": "suspended", "reason": "unpaid"}, now=kernel.clock.now(),
            request_id="r-2", address="192.0.2.8",
        )  # fmt: skip
        row = await db.fetch_row("SELECT * FROM platform_audit_entry WHERE subject = $1", subject)
        waiting = await db.fetch_value(
            "SELECT count(*) FROM audit_unsealed WHERE tenant_id = 0 AND entry_id = $1", row["id"]
        )
    assert (row["actor_name"], row["person_id"], row["action"]) == ("Otto", OPERATOR_ID, "tenant.suspend")
    assert (row["request_id"], row["address"], waiting) == ("r-2", "192.0.2.8", 1)
