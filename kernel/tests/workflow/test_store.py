import random

import pytest
from headgate_kernel.workflow import commands, impact
from headgate_kernel.workflow.events import Stamp
from headgate_kernel.workflow.flows import publish_flow
from headgate_kernel.workflow.fold import apply
from headgate_kernel.workflow.store import load_history, load_locked, read_states, write
from headgate_kernel.workflow.versions import read_version
from headgate_sdk.errors import HeadgateError
from headgate_sdk.workflow import StaleSequence, SubjectRef

from .house import OWNER
from .samples import CLERK, STAMP, flow

FLOWS = (
    flow(pre_release="sales finance", pre_issue="push|outbound", pre_receipt="ship receive"),
    flow(pre_release="sales -finance push", pre_issue="outbound", pre_close="payment"),
    flow(pre_release="payment|sales", pre_issue="finance outbound", pre_receipt="receive"),
)


async def take_random_command(ctx, chance, subject, versions):
    """Lock, decide something at random, write; what the rules refuse is refused here too."""
    loaded = await load_locked(ctx, subject)
    state, definitions = loaded.state, dict(loaded.definitions)
    version = chance.choice(versions)
    definitions[version] = await read_version(ctx, subject.type, version)
    stamp = Stamp(CLERK, ctx.clock.now(), "because")
    step = chance.choice(sorted(state.open) or ["t.sales"])
    command = chance.choices(
        ["resolve", "reject", "move", "override", "complete", "cancel"], [8, 4, 6, 1, 1, 0.8]
    )[0]
    try:
        match command:
            case "resolve":
                events = commands.resolve(definitions, state, step, "done", stamp)
            case "override":
                events = commands.resolve(definitions, state, step, "overridden", stamp)
            case "reject":
                events = commands.reject(definitions, state, step, stamp)
            case "move":
                events = impact.move(definitions, state, version, stamp)
            case "complete":
                events = commands.complete(definitions, state, stamp, until="released")
            case _:
                events = commands.cancel(definitions, state, stamp)
    except HeadgateError:
        return set()
    after = state
    for event in events:
        after = apply(definitions, after, event)
    if events:
        await write(ctx, subject, state, after, events)
    return {type(event.body).__name__ for event in events}


async def test_projections_are_what_a_replay_of_the_events_gives(house):
    chance = random.Random(20260301)
    happened: set[str] = set()
    async with house.work(OWNER) as ctx:
        for settings in FLOWS:
            await publish_flow(ctx, house.catalogue, "t.order", settings)
    for _ in range(12):
        subject = SubjectRef("t.order", (await house.start()).subject_id)
        for _ in range(15):
            house.later()
            async with house.work() as ctx:
                happened |= await take_random_command(ctx, chance, subject, [1, 2, 3])
                replayed = (await load_history(ctx, subject)).state
                _, projected = (await read_states(ctx, subject.type, [subject.id]))[subject.id]
                assert projected == replayed
    assert happened >= {
        "Resolved",
        "Rejected",
        "MilestoneReached",
        "Moved",
        "Withdrawn",
        "Reopened",
        "Cancelled",
    }


async def test_a_write_on_an_older_state_is_refused_and_leaves_nothing(house):
    subject = SubjectRef("t.order", (await house.start()).subject_id)
    async with house.work() as ctx:
        loaded = await load_history(ctx, subject)
        events = commands.resolve(loaded.definitions, loaded.state, "t.sales", "done", STAMP)
        after = apply(loaded.definitions, loaded.state, events[0])
        await write(ctx, subject, loaded.state, after, events)
        with pytest.raises(StaleSequence):
            await write(ctx, subject, loaded.state, after, events)
        assert len((await load_history(ctx, subject)).events) == 2
