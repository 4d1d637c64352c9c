"""The conformance kit finds a plugin whose jobs or schedules run on while it is off."""

import pytest
from headgate_sdk.testing.conformance import PluginConformance

from .looking import rows_of

CHECKS = ("test_its_jobs_wait_when_it_is_off", "test_its_schedules_do_not_fire_when_it_is_off")


class Kit(PluginConformance):
    plugin = "sample"


@pytest.fixture
def check(kernel, new_tenant, client_for):
    async def run(name):
        pair = await Kit().make_pair(kernel, new_tenant, client_for)
        await getattr(Kit(), name)(kernel, pair)
        return pair

    return run


@pytest.mark.parametrize("name", CHECKS)
async def test_a_plugin_that_is_off_at_one_and_on_at_another_passes(check, name):
    await check(name)


async def test_what_waits_is_not_lost(kernel, check):
    pair = await check(CHECKS[0])
    assert len(await rows_of(kernel, pair.here.info.id)) == len(
        [job for plugin, job in kernel.host.surfaces.jobs if plugin == "sample"]
    )


async def test_jobs_that_run_on_are_found(monkeypatch, check):
    monkeypatch.setattr(
        "headgate_kernel.tenancy.directory.runnable", lambda _, host, *__: frozenset(host.by_id)
    )
    with pytest.raises(AssertionError):
        await check(CHECKS[0])


async def test_schedules_that_fire_on_are_found(monkeypatch, check):
    import headgate_kernel.jobs.scheduler as scheduler

    monkeypatch.setattr(scheduler, "_DUE", scheduler._DUE.replace("a.state = 'active'", "true"))
    with pytest.raises(AssertionError):
        await check(CHECKS[1])
