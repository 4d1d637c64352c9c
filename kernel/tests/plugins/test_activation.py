"""Switching plugins: with what they require, refused while needed, audited, and seen by every worker."""

import asyncio
import time

import msgspec
import pytest
from headgate_kernel.plugins.activation import activate, deactivate, list_plugins, plugin_states
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.directory import runnable
from headgate_sdk.errors import Conflict, NotFound
from headgate_sdk.ids import new_id


def host_of(tenant):
    return f"{tenant.info.slug}.localhost"


async def audited(ctx):
    rows = await ctx.db.fetch(
        "SELECT action, subject, actor_name FROM audit_entry"
        " WHERE tenant_id = $1 AND action LIKE 'plugin.%' ORDER BY id",
        ctx.tenant.id,
    )
    return [(row["action"], row["subject"], row["actor_name"]) for row in rows]


async def test_a_plugin_is_switched_on_with_what_it_requires(kernel, new_tenant):
    tenant = await new_tenant("lone")
    async with kernel.context(tenant) as ctx:
        assert await activate(ctx, kernel.host, "sample-extra") == ["sample", "sample-extra"]
        assert (await audited(ctx))[1:] == [
            ("plugin.activate", "sample", "System"), ("plugin.activate", "sample-extra", "System"),
        ]  # fmt: skip
    assert (await kernel.tenant(tenant.info.slug)).plugins == {"lone", "sample", "sample-extra"}


async def test_what_is_on_already_is_not_switched_again(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        before = await audited(ctx)
        assert await activate(ctx, kernel.host, "sample") == []
        assert await audited(ctx) == before
    assert (await kernel.tenant(tenant.info.slug)).revision == tenant.revision


async def test_what_is_off_already_is_not_switched_off_again(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        before = await audited(ctx)
        await deactivate(ctx, kernel.host, kernel.steps, "lone")
        assert await audited(ctx) == before
        assert "lone" not in await plugin_states(ctx)


async def test_switching_off_is_refused_with_the_names_of_those_that_need_it(kernel, new_tenant):
    tenant = await new_tenant("sample-extra")
    with pytest.raises(Conflict, match=r"^Extra need Sample\. Switch them off first\.$"):
        async with kernel.context(tenant) as ctx:
            await deactivate(ctx, kernel.host, kernel.steps, "sample")
    assert (await kernel.tenant(tenant.info.slug)).plugins == {"sample", "sample-extra"}


async def test_off_and_on_again_in_the_right_order(kernel, new_tenant):
    tenant = await new_tenant("sample-extra")
    async with kernel.context(tenant) as ctx:
        await deactivate(ctx, kernel.host, kernel.steps, "sample-extra")
        await deactivate(ctx, kernel.host, kernel.steps, "sample")
        assert (await audited(ctx))[-2:] == [
            ("plugin.deactivate", "sample-extra", "System"), ("plugin.deactivate", "sample", "System"),
        ]  # fmt: skip
    assert (await kernel.tenant(tenant.info.slug)).plugins == frozenset()
    async with kernel.context(await kernel.tenant(tenant.info.slug)) as ctx:
        assert await activate(ctx, kernel.host, "sample-extra") == ["sample", "sample-extra"]


async def test_switching_off_is_refused_while_open_subjects_need_its_steps(kernel, new_tenant):
    tenant = await new_tenant("sample-extra")
    tickets = [new_id() for _ in range(3)]
    async with kernel.context(tenant) as ctx:
        for ticket in tickets:
            await ctx.workflow.start("sample.ticket", ticket, {})
    with pytest.raises(Conflict, match=r"^3 open orders still need steps of this plugin: Photo\."):
        async with kernel.context(tenant) as ctx:
            await deactivate(ctx, kernel.host, kernel.steps, "sample-extra")
    async with kernel.context(tenant) as ctx:
        for ticket in tickets[:2]:
            await ctx.workflow.complete_all("sample.ticket", ticket)
        await ctx.workflow.cancel("sample.ticket", tickets[2], "changed their mind")
    async with kernel.context(tenant) as ctx:
        await deactivate(ctx, kernel.host, kernel.steps, "sample-extra")
    assert (await kernel.tenant(tenant.info.slug)).plugins == {"sample"}


async def test_new_subjects_do_not_meet_steps_of_a_plugin_that_was_switched_off(kernel, new_tenant):
    tenant = await new_tenant("sample-extra")
    async with kernel.context(tenant) as ctx:
        await deactivate(ctx, kernel.host, kernel.steps, "sample-extra")
    ticket = new_id()
    async with kernel.context(await kernel.tenant(tenant.info.slug)) as ctx:
        await ctx.workflow.start("sample.ticket", ticket, {})
        view = (await ctx.workflow.view("sample.ticket", [ticket]))[ticket]
    assert [step.step for step in view.steps] == ["sample.check"]


async def test_an_unknown_plugin_is_named(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        with pytest.raises(NotFound, match="There is no plugin called ghost"):
            await activate(ctx, kernel.host, "ghost")
        with pytest.raises(NotFound, match="There is no plugin called ghost"):
            await deactivate(ctx, kernel.host, kernel.steps, "ghost")


async def test_a_plugin_that_does_not_fit_is_shown_with_its_reason_and_cannot_be_switched_on(kernel, tenant):
    lone = kernel.host.by_id["lone"]
    unfit = msgspec.structs.replace(
        lone, problem="It works with SDK {low} only.", problem_params={"low": "9"}
    )
    host = PluginHost([kernel.host.by_id["sample"], unfit])
    async with kernel.context(tenant) as ctx:
        with pytest.raises(Conflict, match="It works with SDK 9 only"):
            await activate(ctx, host, "lone")
        views = {view.plugin.manifest.id: view for view in await list_plugins(ctx, host)}
    assert (views["lone"].state, views["lone"].reason) == ("incompatible", "It works with SDK 9 only.")
    assert views["sample"].state == "active"


async def test_the_view_tells_what_needs_it_and_what_comes_with_it(kernel, new_tenant):
    async with kernel.context(await new_tenant("lone")) as ctx:
        views = {view.plugin.manifest.id: view for view in await list_plugins(ctx, kernel.host)}
        assert views["sample-extra"].missing == ("Sample",)
        assert views["sample"].required_by == ()
        surfaces = {surface.kind: surface.names for surface in views["sample"].surfaces}
    assert surfaces["Menu entries"] == ("Notes",)
    assert surfaces["Endpoints"] == ("/api/v1/sample/notes",)
    assert "/sample/notes" in surfaces["Pages"]
    assert surfaces["Steps"] == ("Check", "File")
    assert surfaces["Permissions"] == ("See notes", "Write notes")
    async with kernel.context(await new_tenant("sample-extra")) as ctx:
        views = {view.plugin.manifest.id: view for view in await list_plugins(ctx, kernel.host)}
    assert views["sample"].required_by == ("Extra",)


async def test_two_tenants_switch_independently(kernel, tenant, other_tenant):
    async with kernel.context(tenant) as ctx:
        await activate(ctx, kernel.host, "lone")
    assert (await kernel.tenant(tenant.info.slug)).plugins == {"sample", "lone"}
    assert (await kernel.tenant(other_tenant.info.slug)).plugins == {"sample"}
    async with kernel.context(other_tenant) as ctx:
        assert [subject for _, subject, _ in await audited(ctx)] == ["sample"]


async def test_a_switch_that_is_undone_changes_nothing(kernel, tenant):
    async def switch_and_fail():
        async with kernel.context(tenant) as ctx:
            await activate(ctx, kernel.host, "lone")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await switch_and_fail()
    after = await kernel.tenant(tenant.info.slug)
    assert (after.plugins, after.revision) == (tenant.plugins, tenant.revision)


async def test_switches_at_once_wait_for_each_other(kernel, new_tenant):
    tenant = await new_tenant("sample")

    async def on():
        async with kernel.context(tenant) as ctx:
            await activate(ctx, kernel.host, "sample-extra")

    async def off():
        async with kernel.context(tenant) as ctx:
            await deactivate(ctx, kernel.host, kernel.steps, "sample")

    results = await asyncio.gather(on(), off(), return_exceptions=True)
    plugins = (await kernel.tenant(tenant.info.slug)).plugins
    assert plugins in ({"sample", "sample-extra"}, frozenset({"sample", "sample-extra"}))
    assert all(result is None or isinstance(result, Conflict) for result in results)


async def test_another_worker_sees_a_switch_within_about_a_second(kernel, tenant):
    other = Kernel(kernel.settings, kernel.databases, kernel.host)
    assert (await other.directory.by_host(host_of(tenant))).plugins == {"sample"}
    async with kernel.context(tenant) as ctx:
        await activate(ctx, kernel.host, "lone")
    began = time.monotonic()
    while (await other.directory.by_host(host_of(tenant))).plugins == {"sample"}:
        assert time.monotonic() - began < 2.0
        await asyncio.sleep(0.05)
    assert (await other.directory.by_host(host_of(tenant))).plugins == {"sample", "lone"}


def test_plugins_that_lack_what_they_require_do_not_run(kernel):
    assert runnable(frozenset({"sample-extra", "lone", "gone"}), kernel.host) == {"lone"}
    assert runnable(frozenset({"sample-extra", "sample"}), kernel.host) == {"sample", "sample-extra"}


async def test_other_tenants_activations_cannot_be_written(kernel, tenant, other_tenant):
    with pytest.raises(Exception, match="row-level security"):
        async with kernel.context(tenant) as ctx:
            await ctx.db.execute(
                "INSERT INTO plugin_activation (tenant_id, plugin, state, changed_at, changed_by)"
                " VALUES ($1, 'lone', 'active', $2, 'x')",
                other_tenant.info.id, kernel.clock.now(),
            )  # fmt: skip


async def test_the_audit_log_stays_as_it_was_written(kernel, tenant):
    for statement in ("UPDATE audit_entry SET actor_name = 'x'", "DELETE FROM audit_entry"):
        with pytest.raises(Exception, match="permission denied"):
            async with kernel.context(tenant) as ctx:
                await ctx.db.execute(f"{statement} WHERE tenant_id = $1", tenant.info.id)
