import asyncio

import pytest
from headgate_kernel.workflow.definition import decode, encode, fingerprint
from headgate_kernel.workflow.flows import (
    count_needing,
    current_flow,
    draft_impact,
    drain_plugin,
    flow_at,
    flow_versions,
    publish_flow,
)
from headgate_kernel.workflow.impact import MoveEffect
from headgate_sdk.errors import Conflict, Forbidden, NotFound
from headgate_sdk.workflow import FlowInvalid, FlowSettings, PhaseSettings, StepSetting

from .house import OWNER, clerk
from .samples import DEFAULT, flow

WITHOUT_FINANCE = flow(
    pre_release="sales -finance", pre_issue="push outbound", pre_receipt="ship receive", pre_close="payment"
)
WITH_PHOTO = FlowSettings(
    (PhaseSettings("pre_receipt", ((StepSetting("camera.photo"),), (StepSetting("t.receive"),))),)
)


async def test_before_anything_is_published_the_default_flow_is_shown_and_nothing_is_written(house):
    async with house.work() as ctx:
        shown = await current_flow(ctx, house.catalogue, "t.order")
        assert shown.version == 0
        assert shown.settings.phases[0] == DEFAULT.phases[0]
        assert await flow_versions(ctx, "t.order") == []


async def test_the_first_subject_publishes_the_default_flow_as_version_1(house):
    await asyncio.gather(*(house.start() for _ in range(4)))
    async with house.work() as ctx:
        versions = await flow_versions(ctx, "t.order")
    assert [(item.version, item.published_by, item.open) for item in versions] == [(1, "System", 4)]


async def test_the_settings_page_offers_steps_that_the_flow_does_not_mention(house):
    await house.start()
    async with house.work() as ctx:
        shown = await current_flow(ctx, house.catalogue, "t.order")
    receipt = next(phase for phase in shown.settings.phases if phase.phase == "pre_receipt")
    assert receipt.groups[-1] == (StepSetting("camera.photo", enabled=False),)


async def test_a_draft_tells_what_it_would_do_to_open_subjects_and_changes_nothing(house):
    at_sales = await house.start()
    at_finance = await house.resolve(await house.start(), "t.sales")
    await house.resolve(await house.start(), "t.sales")
    released = await house.resolve(await house.start(), "t.sales", "t.finance")
    async with house.work() as ctx:
        impact = await draft_impact(ctx, house.catalogue, "t.order", WITHOUT_FINANCE)
    assert impact.changed
    assert impact.open == 4
    assert {effect: count for effect, count in impact.effects.items() if count} == {
        MoveEffect.AHEAD: 1,
        MoveEffect.ADVANCES: 2,
        MoveEffect.UNAFFECTED: 1,
    }
    finance = impact.steps["t.finance"]
    assert (finance.open, finance.needed, finance.closes, finance.opens) == (2, 3, 2, 0)
    assert impact.steps["t.push"].opens == 2
    for instance in (at_sales, at_finance, released):
        assert await house.view(instance.subject_id) == instance


async def test_the_impact_of_what_is_current_is_nothing(house):
    await house.start()
    async with house.work() as ctx:
        shown = await current_flow(ctx, house.catalogue, "t.order")
        published = await flow_at(ctx, "t.order", shown.version)
        impact = await draft_impact(ctx, house.catalogue, "t.order", published)
    assert not impact.changed
    assert impact.effects[MoveEffect.UNAFFECTED] == impact.open == 1


async def test_publishing_gives_dense_versions_and_is_audited(house):
    await house.start()
    async with house.work(OWNER) as ctx:
        published = await publish_flow(
            ctx, house.catalogue, "t.order", WITHOUT_FINANCE, note="faster", base_version=1
        )
    assert (published.version, published.published_by, published.note, published.open) == (
        2,
        "Owner",
        "faster",
        0,
    )
    ((action, subject, details),) = house.audited
    assert (action, subject) == ("workflow.flow.published", "t.order")
    assert (details["before"]["version"], details["after"]["version"]) == (1, 2)
    assert set(details["after"]["steps"]) < set(details["before"]["steps"])


async def test_publishing_what_is_current_changes_nothing(house):
    async with house.work(OWNER) as ctx:
        first = await publish_flow(ctx, house.catalogue, "t.order", WITHOUT_FINANCE)
        again = await publish_flow(ctx, house.catalogue, "t.order", WITHOUT_FINANCE)
    assert (first.version, again.version) == (1, 1)
    assert len(house.audited) == 1


async def test_an_old_version_can_be_published_again(house):
    async with house.work(OWNER) as ctx:
        await publish_flow(ctx, house.catalogue, "t.order", DEFAULT)
        await publish_flow(ctx, house.catalogue, "t.order", WITHOUT_FINANCE)
        old = await flow_at(ctx, "t.order", 1)
        back = await publish_flow(ctx, house.catalogue, "t.order", old)
        versions = await flow_versions(ctx, "t.order")
    assert back.version == 3
    assert [item.version for item in versions] == [3, 2, 1]
    assert versions[0].fingerprint == versions[2].fingerprint


async def test_a_draft_that_was_made_from_an_older_version_is_refused(house):
    async with house.work(OWNER) as ctx:
        await publish_flow(ctx, house.catalogue, "t.order", WITHOUT_FINANCE)
        with pytest.raises(Conflict, match="in the meantime"):
            await publish_flow(ctx, house.catalogue, "t.order", DEFAULT, base_version=0)


async def test_of_two_who_publish_at_once_one_is_told(house):
    async def publish(settings):
        async with house.work(OWNER) as ctx:
            return await publish_flow(ctx, house.catalogue, "t.order", settings, base_version=0)

    results = await asyncio.gather(publish(DEFAULT), publish(WITHOUT_FINANCE), return_exceptions=True)
    assert sum(isinstance(result, Conflict) for result in results) == 1


async def test_a_flow_with_faults_is_not_published(house):
    async with house.work(OWNER) as ctx:
        with pytest.raises(FlowInvalid):
            await publish_flow(ctx, house.catalogue, "t.order", flow(pre_close="sales"))
        with pytest.raises(FlowInvalid):
            await draft_impact(ctx, house.catalogue, "t.order", flow(pre_close="sales"))
        assert await flow_versions(ctx, "t.order") == []


async def test_publishing_needs_its_permission(house):
    async with house.work(clerk("t.sales")) as ctx:
        with pytest.raises(Forbidden):
            await publish_flow(ctx, house.catalogue, "t.order", WITHOUT_FINANCE)


async def test_the_stored_document_is_the_canonical_one_of_its_fingerprint(house):
    async with house.work(OWNER) as ctx:
        published = await publish_flow(ctx, house.catalogue, "t.order", WITHOUT_FINANCE)
        document = await ctx.db.fetch_value(
            "SELECT document FROM workflow_definition WHERE tenant_id = $1", ctx.tenant.id
        )
    assert fingerprint(document.encode()) == published.fingerprint
    assert encode(decode(document)) == document.encode()


async def test_a_version_that_was_never_published_is_not_found(house):
    async with house.work() as ctx:
        with pytest.raises(NotFound):
            await flow_at(ctx, "t.order", 7)


async def test_draining_a_plugin_takes_its_steps_out_for_new_subjects_only(house):
    async with house.work(OWNER) as ctx:
        await publish_flow(ctx, house.catalogue, "t.order", WITH_PHOTO)
    old = await house.start()
    async with house.work(OWNER) as ctx:
        needing = await count_needing(ctx, house.catalogue, "camera")
        assert (needing.subjects, needing.steps) == (1, {"camera.photo": 1})
        (drained,) = await drain_plugin(ctx, house.catalogue, "camera")
        assert await drain_plugin(ctx, house.catalogue, "camera") == []
    house.plugins = frozenset({"t"})
    new = await house.start()
    assert (drained.version, new.version, old.version) == (2, 2, 1)
    assert [step.step for step in new.open_steps] == ["t.receive"]
    assert [step.blocked for step in (await house.view(old.subject_id)).open_steps] == ["camera"]
    async with house.work() as ctx:
        kept = await flow_at(ctx, "t.order", 2)
    assert kept.phases[2].groups[0] == (StepSetting("camera.photo", enabled=False),)
