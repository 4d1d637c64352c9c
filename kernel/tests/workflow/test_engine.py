import asyncio
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest
from headgate_kernel.workflow.flows import publish_flow
from headgate_sdk.errors import Forbidden, Invalid
from headgate_sdk.ids import new_id
from headgate_sdk.workflow import (
    AlreadyStarted,
    CannotCancel,
    FlowSettings,
    NotAllowed,
    NotStarted,
    PhaseSettings,
    StaleSequence,
    StepBlocked,
    StepNotOpen,
    StepSetting,
    SubjectRef,
    UnknownStep,
)

from .house import FACTS, OWNER, clerk
from .samples import MILESTONES, NOON, flow

ALL = ("t.sales", "t.finance", "t.push", "t.outbound", "t.ship", "t.receive", "t.payment")


async def test_a_subject_runs_through_the_default_flow_and_its_milestones_fire_once_in_order(house):
    instance = await house.resolve(await house.start(), *ALL)
    assert instance.state == "completed"
    assert [what for what, *_ in house.effects] == list(MILESTONES)
    assert instance == await house.view(instance.subject_id)


async def test_starting_is_one_statement_once_the_flow_is_known(house):
    await house.start()
    async with house.work() as ctx:
        asked = []
        fetch_row, fetch, execute = ctx.db.fetch_row, ctx.db.fetch, ctx.db.execute
        spy = Spy(asked, fetch_row=fetch_row, fetch=fetch, execute=execute, fetch_value=ctx.db.fetch_value)
        ctx.db = spy
        await ctx.workflow.start("t.order", new_id(), FACTS)
    assert len(asked) == 1


async def test_completing_locks_reads_and_writes_in_three_statements(house):
    instance = await house.start()
    async with house.work() as ctx:
        asked = []
        ctx.db = Spy(
            asked,
            fetch_row=ctx.db.fetch_row,
            fetch=ctx.db.fetch,
            execute=ctx.db.execute,
            fetch_value=ctx.db.fetch_value,
        )
        done = await ctx.workflow.complete_all("t.order", instance.subject_id)
    assert done.state == "completed"
    assert len(asked) == 3


class Spy:
    """Passes queries on and writes them down."""

    def __init__(self, asked, **methods):
        for name, method in methods.items():
            setattr(self, name, self.passing(asked, method))

    def passing(self, asked, method):
        async def ask(sql, *args):
            asked.append(sql)
            return await method(sql, *args)

        return ask


async def test_completing_takes_the_times_of_the_milestones(house):
    instance = await house.start()
    times = {milestone: NOON + timedelta(days=n) for n, milestone in enumerate(MILESTONES[:2])}
    async with house.work() as ctx:
        done = await ctx.workflow.complete_all(
            "t.order", instance.subject_id, until="issued", note="replayed", times=times
        )
    assert {item.milestone: item.at for item in done.milestones} == {
        **times, "received": None, "completed": None,
    }  # fmt: skip
    assert [(what, cause.at, cause.note) for what, _, cause in house.effects] == [
        ("released", times["released"], "replayed"),
        ("issued", times["issued"], "replayed"),
    ]
    assert [step.step for step in done.open_steps] == ["t.ship"]


async def test_only_the_system_completes_at_once(house):
    instance = await house.start()
    with pytest.raises(NotAllowed):
        async with house.work(OWNER) as ctx:
            await ctx.workflow.complete_all("t.order", instance.subject_id)


async def test_a_step_needs_its_permission(house):
    instance = await house.start()
    with pytest.raises(Forbidden):
        async with house.work(clerk("t.finance")) as ctx:
            await ctx.workflow.resolve("t.order", instance.subject_id, "t.sales")
    async with house.work(clerk("t.sales")) as ctx:
        done = await ctx.workflow.resolve("t.order", instance.subject_id, "t.sales", note=" fine ")
    step = done.steps[0]
    assert (step.state, step.actor_name, step.actor_role, step.note) == ("done", "Wang Li", "Sales", "fine")


async def test_a_subject_starts_only_once(house):
    instance = await house.start()
    with pytest.raises(AlreadyStarted):
        await house.start(instance.subject_id)


async def test_facts_must_be_the_declared_ones(house):
    async with house.work() as ctx:
        for facts, field in [
            ({"amount": 1}, "group"),
            ({"amount": 1, "group": "x", "colour": "red"}, "colour"),
            ({"amount": Decimal("1.5"), "group": "x"}, "amount"),
            ({"amount": True, "group": "x"}, "amount"),
        ]:
            with pytest.raises(Invalid) as caught:
                await ctx.workflow.start("t.order", new_id(), facts)
            assert caught.value.field == field


async def test_of_two_decisions_on_the_same_state_one_wins(house):
    instance = await house.start()

    async def decide():
        async with house.work(OWNER) as ctx:
            await ctx.workflow.resolve("t.order", instance.subject_id, "t.sales", expected_seq=instance.seq)

    results = await asyncio.gather(*(decide() for _ in range(4)), return_exceptions=True)
    assert [type(result) for result in results].count(type(None)) == 1
    assert sum(isinstance(result, StaleSequence) for result in results) == 3
    assert (await house.view(instance.subject_id)).seq == instance.seq + 1


async def test_two_people_at_once_without_a_sequence_resolve_a_step_once(house):
    instance = await house.start()
    results = await asyncio.gather(
        *(house.resolve(instance, "t.sales") for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(result, StepNotOpen) for result in results) == 3


async def test_a_rejection_opens_a_new_round_and_keeps_the_reason(house):
    instance = await house.resolve(await house.start(), "t.sales")
    house.later()
    async with house.work(OWNER) as ctx:
        rejected = await ctx.workflow.resolve(
            "t.order", instance.subject_id, "t.finance", "reject", note="owes too much"
        )
    assert [step.step for step in rejected.open_steps] == ["t.sales"]
    assert [(step.step, step.state, step.note) for step in rejected.earlier] == [
        ("t.sales", "done", ""),
        ("t.finance", "rejected", "owes too much"),
    ]
    assert await house.view(instance.subject_id) == rejected
    done = await house.resolve(rejected, "t.sales", "t.finance")
    assert done.reached == ("released",)
    assert await house.view(instance.subject_id) == done


async def test_cancelling_closes_the_tasks_and_compensates(house):
    instance = await house.resolve(await house.start(), "t.sales", "t.finance")
    async with house.work(OWNER) as ctx:
        cancelled = await ctx.workflow.cancel("t.order", instance.subject_id, "no longer wanted")
        assert await ctx.workflow.count_open("t.order") == {}
    assert cancelled.state == "cancelled"
    what, subject_id, (reached, cause) = house.effects[-1]
    assert (what, subject_id, reached, cause.note) == (
        "cancelled", instance.subject_id, ("released",), "no longer wanted",
    )  # fmt: skip
    assert await house.view(instance.subject_id) == cancelled


async def test_after_issue_it_cannot_be_cancelled(house):
    instance = await house.resolve(await house.start(), *ALL[:4])
    with pytest.raises(CannotCancel):
        async with house.work(OWNER) as ctx:
            await ctx.workflow.cancel("t.order", instance.subject_id, "too late")


async def test_an_effect_that_fails_undoes_the_decision(house):
    instance = await house.resolve(await house.start(), "t.sales")
    house.fail_at = "released"
    with pytest.raises(RuntimeError, match="no room"):
        await house.resolve(instance, "t.finance")
    assert await house.view(instance.subject_id) == instance


async def test_milestones_of_phases_without_steps_fire_when_the_subject_starts(house):
    async with house.work(OWNER) as ctx:
        await publish_flow(ctx, house.catalogue, "t.order", flow(pre_close="payment"))
    instance = await house.start()
    assert instance.reached == MILESTONES[:3]
    assert [what for what, *_ in house.effects] == list(MILESTONES[:3])
    assert await house.view(instance.subject_id) == instance


async def test_an_order_under_way_keeps_its_flow_and_the_next_one_takes_the_new(house):
    before = await house.resolve(await house.start(), "t.sales")
    async with house.work(OWNER) as ctx:
        settings = flow(pre_release="sales -finance", pre_issue="outbound", pre_close="payment")
        await publish_flow(ctx, house.catalogue, "t.order", settings)
    after = await house.resolve(await house.start(), "t.sales")
    assert (before.version, after.version) == (1, 2)
    assert [step.step for step in after.open_steps] == ["t.outbound"]
    assert [step.step for step in (await house.view(before.subject_id)).open_steps] == ["t.finance"]
    assert (await house.resolve(before, *ALL[1:])).state == "completed"


async def test_a_step_that_is_off_in_the_pinned_flow_is_unknown(house):
    instance = await house.start()
    with pytest.raises(UnknownStep):
        await house.resolve(instance, "camera.photo")


async def test_a_step_of_a_plugin_that_is_off_says_so_and_can_be_overridden(house):
    async with house.work(OWNER) as ctx:
        photo = PhaseSettings("pre_receipt", ((StepSetting("camera.photo"),),))
        settings = FlowSettings((photo, *flow(pre_close="payment").phases))
        await publish_flow(ctx, house.catalogue, "t.order", settings)
    instance = await house.start()
    assert [step.step for step in instance.open_steps] == ["camera.photo"]
    assert instance.blocked == ()
    house.plugins = frozenset({"t"})
    assert [step.blocked for step in (await house.view(instance.subject_id)).blocked] == ["camera"]
    with pytest.raises(StepBlocked, match="plugin camera"):
        await house.resolve(instance, "camera.photo")
    with pytest.raises(Forbidden):
        async with house.work(clerk("camera.photo")) as ctx:
            await ctx.workflow.override("t.order", instance.subject_id, "camera.photo", "the camera broke")
    async with house.work(OWNER) as ctx:
        passed = await ctx.workflow.override(
            "t.order", instance.subject_id, "camera.photo", "the camera broke"
        )
    assert [(step.step, step.state) for step in passed.steps] == [
        ("camera.photo", "overridden"),
        ("t.payment", "open"),
    ]


async def test_the_history_tells_everything_in_order(house):
    instance = await house.resolve(await house.start(), "t.sales", "t.finance")
    async with house.work() as ctx:
        history = await ctx.workflow.history("t.order", instance.subject_id)
    assert [
        (entry.seq, entry.kind, entry.step_name, entry.milestone, entry.by.name) for entry in history
    ] == [
        (1, "started", "", "", "System"),
        (2, "resolved", "Sales", "", "Owner"),
        (3, "resolved", "Finance", "", "Owner"),
        (4, "milestone", "", "released", "Owner"),
    ]
    assert (history[0].version, history[1].resolution, history[3].at) == (1, "done", house.clock.now())


async def test_the_inbox_gives_pages_by_key_longest_waiting_first(house):
    started = []
    for _ in range(5):
        house.later()
        started.append((await house.start()).subject_id)
    house.clock.moment = NOON
    await house.resolve(await house.view(started[0]), "t.sales")
    async with house.work() as ctx:
        first = await ctx.workflow.open_tasks("t.order", ["t.sales", "t.finance"], limit=2)
        rest = await ctx.workflow.open_tasks("t.order", ["t.finance", "t.sales"], after=first[-1], limit=10)
        assert [task.subject_id for task in (*first, *rest)] == started
        assert (first[0].step, first[0].opened_at) == ("t.finance", NOON + timedelta(minutes=1))
        assert await ctx.workflow.count_open("t.order") == {"t.sales": 4, "t.finance": 1}
        assert await ctx.workflow.open_tasks("t.order", [], limit=10) == []


async def test_a_subject_without_a_flow_is_not_found(house):
    async with house.work(OWNER) as ctx:
        assert await ctx.workflow.view("t.order", [UUID(int=1)]) == {}
        with pytest.raises(NotStarted):
            await ctx.workflow.resolve("t.order", UUID(int=1), "t.sales")
        with pytest.raises(NotStarted):
            await ctx.workflow.history("t.order", UUID(int=1))


async def test_another_tenant_sees_and_moves_nothing(house, other_house):
    instance = await house.start()
    async with other_house.work(OWNER) as ctx:
        assert await ctx.workflow.view("t.order", [instance.subject_id]) == {}
        assert await ctx.workflow.count_open("t.order") == {}
        with pytest.raises(NotStarted):
            await ctx.workflow.resolve("t.order", instance.subject_id, "t.sales")


async def test_a_part_knows_what_it_is_a_part_of(house):
    whole = await house.start()
    async with house.work() as ctx:
        part = await ctx.workflow.start(
            "t.order", new_id(), FACTS, parent=SubjectRef("t.order", whole.subject_id)
        )
        found = await ctx.db.fetch_value(
            "SELECT subject_id FROM workflow_instance WHERE tenant_id = $1 AND parent_id = $2",
            ctx.tenant.id, whole.subject_id,
        )  # fmt: skip
    assert found == part.subject_id


async def test_what_has_happened_cannot_be_changed(house):
    await house.start()
    for table in ("workflow_event", "workflow_definition"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with house.work() as ctx:
                await ctx.db.execute(f"DELETE FROM {table} WHERE tenant_id = $1", ctx.tenant.id)


async def test_a_note_that_is_too_long_is_refused(house):
    instance = await house.start()
    with pytest.raises(Invalid, match="2000"):
        async with house.work(OWNER) as ctx:
            await ctx.workflow.resolve("t.order", instance.subject_id, "t.sales", note="x" * 2001)


async def test_a_flow_that_was_never_committed_leaves_no_trace(house):
    async def publish_start_and_fail():
        async with house.work(OWNER) as ctx:
            await publish_flow(ctx, house.catalogue, "t.order", flow(pre_close="payment"))
            await ctx.workflow.start("t.order", new_id(), FACTS)
            raise RuntimeError("the power failed")

    with pytest.raises(RuntimeError, match="the power failed"):
        await publish_start_and_fail()
    instance = await house.start()
    assert instance.version == 1
    assert [step.step for step in instance.open_steps] == ["t.sales"]
