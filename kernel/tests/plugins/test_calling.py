"""Deciders: in order, in savepoints, in time, and what their errors do."""

import asyncio
from pathlib import Path

import pytest
from headgate_kernel.plugins.calling import BoundHooks
from headgate_kernel.plugins.host import Implementation
from headgate_sample.notes import list_notes, write_note
from headgate_sdk import hooks
from headgate_sdk.blueprint import Blueprint, Plugins, Profile
from headgate_sdk.errors import HeadgateError, NotReady, Vetoed
from headgate_sdk.hooks import HookInfo


async def closed_spec(ctx, texts, extra=0):
    """A decider that fails closed."""


async def open_spec(ctx, texts, extra=0):
    """A decider that fails open."""


closed_spec.headgate_info = HookInfo(scope="tenant", kind="decider", fails="closed", budget_ms=150)
open_spec.headgate_info = HookInfo(scope="tenant", kind="decider", fails="open", budget_ms=150)


def bound(ctx, **functions):
    implementations = tuple(
        Implementation(name, function, function.__code__.co_varnames[: function.__code__.co_argcount])
        for name, function in functions.items()
    )
    return BoundHooks(ctx, {"closed_spec": implementations, "open_spec": implementations})


async def count(ctx, texts):
    return len(texts)


async def write_then_crash(ctx, texts):
    await write_note(ctx, "left over")
    raise RuntimeError("broken plugin")


async def fail_in_the_database(ctx):
    await write_note(ctx, "left over")
    await ctx.db.execute("SELECT no_such_column FROM sample_note WHERE tenant_id = $1", ctx.tenant.id)


async def hide_a_failure(ctx):
    await write_note(ctx, "left over")
    try:
        await ctx.db.execute("SELECT no_such_column FROM sample_note WHERE tenant_id = $1", ctx.tenant.id)
    except Exception:  # noqa: BLE001 (what a careless plugin does)
        return "fine"


async def write_then_sleep(ctx):
    await write_note(ctx, "left over")
    await asyncio.sleep(5)


async def wait_in_the_database(ctx):
    await write_note(ctx, "left over")
    await ctx.db.fetch_value("SELECT pg_sleep(5)::text WHERE $1 > 0", ctx.tenant.id)


FAILURES = [write_then_crash, fail_in_the_database, hide_a_failure, write_then_sleep, wait_in_the_database]


async def test_answers_come_with_the_plugins_name_in_order_and_none_is_left_out(kernel, tenant):
    async def nothing(ctx):
        return None

    async def see_extra(extra, texts):
        return (extra, texts)

    async with kernel.context(tenant) as ctx:
        asked = bound(ctx, b=count, a=nothing, c=see_extra)
        assert await asked.decide(closed_spec, ["x", "y"], extra=7) == [("b", 2), ("c", (7, ["x", "y"]))]


async def test_without_implementations_nothing_is_asked_of_the_database(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        assert await bound(ctx).decide(closed_spec, []) == []
        assert ctx.db._connection is None


@pytest.mark.parametrize("function", FAILURES)
async def test_a_decider_that_fails_closed_fails_the_call(kernel, tenant, function, caplog):
    async with kernel.context(tenant) as ctx:
        with pytest.raises(NotReady) as caught:
            await bound(ctx, good=count, bad=function).decide(closed_spec, [])
        assert caught.value.params == {"plugin": "bad"}
        assert await list_notes(ctx) == []  # the savepoint is undone and the transaction can be used
    assert "of plugin bad failed" in caplog.text


@pytest.mark.parametrize("function", FAILURES)
async def test_a_decider_that_fails_open_is_left_out_and_leaves_nothing(kernel, tenant, function, caplog):
    async with kernel.context(tenant) as ctx:
        await write_note(ctx, "before")
        assert await bound(ctx, bad=function, good=count).decide(open_spec, ["x"]) == [("good", 1)]
        assert await list_notes(ctx) == ["before"]
    async with kernel.context(tenant) as ctx:
        assert await list_notes(ctx) == ["before"]
    assert "of plugin bad failed" in caplog.text


@pytest.mark.parametrize("spec", [closed_spec, open_spec])
async def test_a_refusal_is_an_answer_and_not_a_failure(kernel, tenant, spec):
    async def veto(ctx):
        await write_note(ctx, "left over")
        raise Vetoed("limits", "Too much for one day.")

    async with kernel.context(tenant) as ctx:
        with pytest.raises(Vetoed, match="Too much for one day"):
            await bound(ctx, limits=veto).decide(spec, [])
        assert await list_notes(ctx) == []


async def test_a_decider_in_time_is_kept(kernel, tenant):
    async def write(ctx):
        await write_note(ctx, "kept")
        await asyncio.sleep(0.01)
        return True

    async with kernel.context(tenant) as ctx:
        assert await bound(ctx, good=write).decide(closed_spec, []) == [("good", True)]
        assert await list_notes(ctx) == ["kept"]


async def test_hooks_of_a_context_are_those_of_its_tenants_plugins(kernel, new_tenant):
    blueprint = Blueprint(Profile("s", "S", "CNY", "UTC"), Plugins(()), ())
    on, off = await new_tenant("sample"), await new_tenant("lone")
    for tenant, written in ((on, ["from here"]), (off, [])):
        async with kernel.context(tenant) as ctx:
            await ctx.hooks.decide(hooks.headgate_apply_blueprint, blueprint, Path("/somewhere/here"), {})
            assert await list_notes(ctx) == written


async def test_a_decider_cannot_be_asked_wrongly(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        with pytest.raises(TypeError):
            await bound(ctx, good=count).decide(closed_spec)


def test_a_failing_plugin_is_told_in_words_that_say_what_to_do():
    error = NotReady("The plugin {plugin} failed.", plugin="x")
    assert isinstance(error, HeadgateError)
    assert str(error) == "The plugin x failed."
