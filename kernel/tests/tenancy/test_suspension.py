"""Stopping a tenant: everybody is told in words, within a second, and everything goes on where it stopped."""

import pytest
from headgate_kernel.identity.impersonations import SupportRequest, ask_to_impersonate, list_impersonations
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy import directory as module
from headgate_kernel.tenancy.operating import operating
from headgate_kernel.tenancy.suspension import read_suspension, resume_tenant, suspend_tenant
from headgate_sdk.errors import Conflict, InvalidFields
from headgate_sdk.testing.operators import at_console, membership_of, new_operator

WHY, TOLD = "three bills are open", "please pay the open bills"


@pytest.fixture
async def operator_actor(kernel):
    return await new_operator(kernel)


async def suspend(kernel, tenant, actor, reason=WHY, notice=TOLD):
    async with operating(kernel, tenant, actor) as ctx:
        await suspend_tenant(ctx, reason=reason, notice=notice)


async def test_a_suspended_tenant_is_told_so_with_the_public_words_alone(
    kernel, client_for, tenant, operator_actor
):
    owner = await client_for(tenant, "owner")
    assert (await owner.get("/sample/notes")).status_code == 200
    await suspend(kernel, tenant, operator_actor)
    for path in ("/sample/notes", "/sign-in", "/"):
        page = await owner.get(path)
        assert page.status_code == 503
        assert TOLD in page.text
        assert WHY not in page.text
    api = await owner.get("/api/v1/sample/notes")
    assert (api.status_code, api.json()["code"]) == (503, "suspended")
    assert TOLD in api.json()["message"]
    assert (await owner.get("/brand.css")).status_code == 200


async def test_without_public_words_they_are_sent_to_the_operator(kernel, client_for, tenant, operator_actor):
    await suspend(kernel, tenant, operator_actor, notice="")
    page = await (await client_for(tenant)).get("/sign-in")
    assert page.status_code == 503
    assert "Please ask the operator." in page.text


async def test_sessions_stay_and_go_on_after_resuming(kernel, client_for, tenant, operator_actor):
    owner = await client_for(tenant, "owner")
    await suspend(kernel, tenant, operator_actor)
    assert (await owner.get("/sample/notes")).status_code == 503
    async with operating(kernel, tenant, operator_actor) as ctx:
        await resume_tenant(ctx, reason="paid")
        assert await read_suspension(ctx) is None
    assert (await owner.get("/sample/notes")).status_code == 200


async def test_another_worker_learns_of_it(kernel, tenant, operator_actor, monkeypatch):
    other = Kernel(kernel.settings, kernel.databases, kernel.host)
    host = f"{tenant.info.slug}.localhost"
    assert (await other.directory.by_host(host)).state == "active"
    await suspend(kernel, tenant, operator_actor)
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.0)
    told = await other.directory.by_host(host)
    assert (told.state, told.notice) == ("suspended", TOLD)


async def test_other_tenants_do_not_notice(kernel, client_for, tenant, other_tenant, operator_actor):
    await suspend(kernel, tenant, operator_actor)
    assert (await (await client_for(other_tenant, "owner")).get("/sample/notes")).status_code == 200


async def test_both_logs_keep_who_and_why(kernel, tenant, operator_actor):
    await suspend(kernel, tenant, operator_actor)
    async with kernel.databases.platform_scope() as db:
        for table, key, value in (
            ("audit_entry", "tenant_id", tenant.info.id),
            ("platform_audit_entry", "subject", tenant.info.slug),
        ):  # fmt: skip
            row = await db.fetch_row(
                f"SELECT actor_name, person_id, details ->> 'reason' FROM {table} "
                f"WHERE {key} = $1 AND action = 'tenant.suspend'",
                value,
            )
            assert tuple(row) == (operator_actor.name, operator_actor.person_id, WHY)


async def test_help_that_is_under_way_ends(kernel, tenant, operator_actor):
    owner = await membership_of(kernel, tenant, "owner")
    async with operating(kernel, tenant, operator_actor) as ctx:
        await ask_to_impersonate(ctx, SupportRequest(owner, "look", 10))
    await suspend(kernel, tenant, operator_actor)
    async with operating(kernel, tenant, operator_actor) as ctx:
        (only,) = await list_impersonations(ctx)
    assert only.state_at(kernel.clock.now()) == "ended"
    assert only.ended_by == operator_actor.name


@pytest.mark.parametrize(
    ("reason", "notice", "field"), [("", TOLD, "reason"), ("  ", "", "reason"), ("x" * 501, "", "reason"),
                                    (WHY, "x" * 501, "notice")],
)  # fmt: skip
async def test_what_cannot_be_kept_is_refused_by_field(kernel, tenant, operator_actor, reason, notice, field):
    with pytest.raises(InvalidFields) as caught:
        await suspend(kernel, tenant, operator_actor, reason, notice)
    assert [problem.field for problem in caught.value.problems] == [field]
    assert (await kernel.tenant(tenant.info.slug)).state == "active"


async def test_twice_is_refused_in_words(kernel, tenant, operator_actor):
    await suspend(kernel, tenant, operator_actor)
    with pytest.raises(Conflict, match="suspended already"):
        await suspend(kernel, tenant, operator_actor)
    async with operating(kernel, tenant, operator_actor) as ctx:
        await resume_tenant(ctx)
    with pytest.raises(Conflict, match="not suspended"):
        async with operating(kernel, tenant, operator_actor) as ctx:
            await resume_tenant(ctx)


async def test_the_console_suspends_and_resumes(kernel, browse, client_for, tenant, operator_actor):
    console = await at_console(kernel, browse("console.localhost"), operator_actor)
    page = f"/console/tenants/{tenant.info.slug}"
    refused = await console.post(f"{page}/suspend", data={"reason": "", "notice": TOLD})
    assert refused.status_code == 422
    assert "Say why" in refused.text
    done = await console.post(f"{page}/suspend", data={"reason": WHY, "notice": TOLD})
    assert done.status_code == 303
    shown = await console.get(page)
    assert WHY in shown.text
    assert (await (await client_for(tenant, "owner")).get("/sample/notes")).status_code == 503
    assert (await console.post(f"{page}/resume", data={"reason": "paid"})).status_code == 303
    assert (await (await client_for(tenant, "owner")).get("/sample/notes")).status_code == 200
