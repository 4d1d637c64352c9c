"""An owner asks to be erased, may take it back for a week, and an operator carries it out."""

import io
import zipfile
from datetime import timedelta

import msgspec
import pytest
from headgate_kernel.portability.requests import (
    JOB,
    REFLECTION,
    EraseTenant,
    ask_erasure,
    carry_out,
    current_request,
    erase,
    list_requests,
    withdraw_erasure,
)
from headgate_kernel.portability.retained import drop_expired, list_retained, open_retained
from headgate_kernel.tenancy.operating import operating
from headgate_sdk.clock import ManualClock
from headgate_sdk.context import Actor
from headgate_sdk.errors import Conflict, Forbidden, Invalid, NotFound

OPERATOR = Actor("operator", "Operator")
OWNER = Actor("staff", "Owner", permissions=frozenset({"*"}))


async def test_an_owner_asks_and_takes_it_back(client_for, tenant, kernel):
    owner = await client_for(tenant, "owner")
    wrong = await owner.post("/settings/data/erasure", data={"repeated": "another", "reason": "closing"})
    assert wrong.status_code == 422
    assert tenant.info.slug in wrong.text
    asked = await owner.post(
        "/settings/data/erasure", data={"repeated": tenant.info.slug, "reason": "closing"}
    )
    assert asked.status_code == 303
    again = await owner.post(
        "/settings/data/erasure", data={"repeated": tenant.info.slug, "reason": "closing"}
    )
    assert again.status_code == 409
    assert "/settings/data/erasure/withdraw" in (await owner.get("/settings/data")).text
    await owner.post("/settings/data/erasure/withdraw")
    async with kernel.context(tenant) as ctx:
        assert await current_request(ctx) is None


async def test_only_who_may_asks(kernel, tenant, client_for):
    assert (await (await client_for(tenant, "writer")).get("/settings/data")).status_code == 403
    async with kernel.context(tenant, actor=Actor("staff", "Clerk")) as ctx:
        with pytest.raises(Forbidden):
            await ask_erasure(ctx, repeated=tenant.info.slug, reason="a grudge")


async def test_a_download_is_a_whole_archive_and_written_into_the_log(client_for, tenant, kernel):
    answer = await (await client_for(tenant, "owner")).get("/settings/data/export.zip")
    assert answer.headers["content-type"] == "application/zip"
    assert f'filename="{tenant.info.slug}-' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        manifest = msgspec.json.decode(archive.read("manifest.json"))
        assert manifest["tenant"]["slug"] == tenant.info.slug
        assert "tables/membership.csv" in archive.namelist()
    async with kernel.context(tenant) as ctx:
        logged = await ctx.db.fetch_value(
            "SELECT count(*) FROM audit_entry WHERE tenant_id = $1 AND action = 'data.export'", tenant.info.id
        )
    assert logged == 1


async def test_an_operator_carries_it_out_after_a_week_and_not_before(kernel, tenant):
    clock = ManualClock(kernel.clock.now())
    async with kernel.context(tenant, actor=OWNER, clock=clock) as ctx:
        await ask_erasure(ctx, repeated=tenant.info.slug, reason="closing")
    async with kernel.databases.platform_scope() as db:
        assert tenant.info.slug in {one.slug for one in await list_requests(db)}
    async with operating(kernel, tenant, OPERATOR) as ctx:
        with pytest.raises(Invalid):
            await carry_out(ctx, repeated="another")
        with pytest.raises(Conflict, match="think it over"):
            await carry_out(ctx, repeated=tenant.info.slug)
        await ctx.db.execute(
            "UPDATE erasure_request SET not_before = $2 WHERE tenant_id = $1",
            tenant.info.id, kernel.clock.now() - timedelta(seconds=1),
        )  # fmt: skip
        await carry_out(ctx, repeated=tenant.info.slug)
        await carry_out(ctx, repeated=tenant.info.slug)  # impatience
        waiting = await ctx.db.fetch("SELECT payload FROM job WHERE tenant_id = 0 AND job = $1", JOB)
        mine = [msgspec.json.decode(row["payload"], type=EraseTenant) for row in waiting]
        assert [one for one in mine if one.slug == tenant.info.slug] == [
            EraseTenant(tenant.info.slug, "closing", "Operator")
        ]
        await ctx.db.execute("DELETE FROM job WHERE tenant_id = 0 AND job = $1", JOB)
    for _ in range(2):  # the worker may die after the work and before it is noted
        await erase(kernel, 0, EraseTenant(tenant.info.slug, "closing", "Operator"))
    with pytest.raises(NotFound):
        await kernel.tenant(tenant.info.slug)
    kept = next(one for one in await list_retained(kernel) if one.slug == tenant.info.slug)
    assert msgspec.json.decode(kept.certificate)["by"] == "Operator"
    assert kept.tables == []  # these plugins have nothing that the law wants kept
    with pytest.raises(NotFound):
        await open_retained(kernel, kept.id, by=OPERATOR, reason="a look")
    assert kept.id in {one.id for one in await list_retained(kernel)}
    async with kernel.databases.platform_scope() as db:
        await db.execute("UPDATE retained_archive SET keep_until = $2 WHERE id = $1", kept.id, kept.erased_at)
    assert await drop_expired(kernel) >= 1
    assert kept.id not in {one.id for one in await list_retained(kernel)}


async def test_nobody_is_erased_who_took_it_back(kernel, tenant):
    async with kernel.context(tenant, actor=OWNER) as ctx:
        await ask_erasure(ctx, repeated=tenant.info.slug, reason="closing")
        await withdraw_erasure(ctx)
    async with operating(kernel, tenant, OPERATOR) as ctx:
        with pytest.raises(Conflict, match="has not asked"):
            await carry_out(ctx, repeated=tenant.info.slug)
    assert timedelta(days=7) == REFLECTION
