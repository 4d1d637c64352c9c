"""The conformance kit finds what it is for: with the gate open or rows lost, its tests fail."""

import pytest
from headgate_kernel.plugins import activation

from . import test_plugins


@pytest.fixture
def check(kernel, app, new_tenant, client_for):
    """Run one test of a kit on distributors of its own."""

    async def run(kit, name):
        known = {
            "kernel": kernel, "app": app, "client_for": client_for,
            "pair": await kit.make_pair(kernel, new_tenant, client_for),
        }  # fmt: skip
        test = getattr(kit, name)
        wanted = test.__code__.co_varnames[1 : test.__code__.co_argcount]
        await test(**{argument: known[argument] for argument in wanted})

    return run


OPEN_GATE = (
    (test_plugins.TestOrderMinimum, "test_its_addresses_are_like_unknown_ones_when_it_is_off"),
    (test_plugins.TestOrderMinimum, "test_its_menu_entries_go_with_it"),
    (test_plugins.TestOrderMinimum, "test_its_places_in_pages_are_empty_when_it_is_off"),
    (test_plugins.TestOrderMinimum, "test_its_hooks_are_not_called_when_it_is_off"),
    (test_plugins.TestOrderMinimum, "test_the_apis_description_leaves_it_out_when_it_is_off"),
    (test_plugins.TestTrade, "test_its_steps_are_not_offered_when_it_is_off"),
    (test_plugins.TestMall, "test_its_menu_entries_go_with_it"),
)


@pytest.mark.parametrize(("kit", "name"), OPEN_GATE, ids=[f"{kit.plugin} {name}" for kit, name in OPEN_GATE])
async def test_a_plugin_that_stays_when_it_is_off_is_found(monkeypatch, check, kit, name):
    monkeypatch.setattr(
        "headgate_kernel.tenancy.directory.runnable", lambda _, host, __: frozenset(host.by_id)
    )
    with pytest.raises(AssertionError):
        await check(kit(), name)


async def test_rows_that_go_with_the_switch_are_found(monkeypatch, check):
    store = activation._store

    async def forgetful(ctx, plugin_ids, state):
        await ctx.db.execute("DELETE FROM order_minimum_rule WHERE tenant_id = $1", ctx.tenant.id)
        await store(ctx, plugin_ids, state)

    monkeypatch.setattr(activation, "_store", forgetful)
    with pytest.raises(AssertionError):
        await check(test_plugins.TestOrderMinimum(), "test_off_and_on_again_loses_nothing")


async def test_a_tenant_that_is_not_filled_is_found(check):
    class Bare(test_plugins.TestOrderMinimum):
        async def fill(self, kernel, tenant):
            pass

    with pytest.raises(AssertionError, match="leaves these tables empty"):
        await check(Bare(), "test_off_and_on_again_loses_nothing")
