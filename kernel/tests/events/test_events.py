"""What happens is told after the commit, to each who wants to know, and to nobody whose plugin is off."""

import msgspec
import pytest
from headgate_kernel.events.declared import check_events
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_sample.notes import WRITTEN, NoteWritten, list_notes, write_note
from headgate_sdk.context import Actor
from headgate_sdk.events import Event, EventType, Observer
from headgate_sdk.ids import new_id


async def notes(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        return await list_notes(ctx)


async def write(kernel, tenant, text):
    async with kernel.context(tenant, actor=Actor("staff", "Li")) as ctx:
        await write_note(ctx, text)


async def test_an_observer_hears_what_was_committed(kernel, new_tenant):
    tenant = await new_tenant("sample-extra")
    await write(kernel, tenant, "tell me")
    assert await notes(kernel, tenant) == ["tell me"], "not in the transaction itself"
    await run_due_jobs(kernel, [tenant.info.id])
    assert await notes(kernel, tenant) == ["heard tell me by Li", "tell me"]


async def test_nobody_hears_of_what_was_undone(kernel, new_tenant):
    tenant = await new_tenant("sample-extra")
    with pytest.raises(RuntimeError):
        async with kernel.context(tenant) as ctx:
            await write_note(ctx, "tell me")
            raise RuntimeError
    assert await run_due_jobs(kernel, [tenant.info.id]) == []


async def test_a_plugin_that_is_off_hears_nothing(kernel, new_tenant):
    tenant, other = await new_tenant("sample"), await new_tenant("sample-extra")
    await write(kernel, tenant, "tell me")
    await write(kernel, other, "tell me")
    await run_due_jobs(kernel, [tenant.info.id, other.info.id])
    assert await notes(kernel, tenant) == ["tell me"]
    assert len(await notes(kernel, other)) == 2


async def test_an_observer_that_fails_is_tried_again_and_holds_up_nobody(kernel, new_tenant):
    tenant = await new_tenant("sample-extra")
    await write(kernel, tenant, "tell and fail")
    await write(kernel, tenant, "tell me")
    await run_due_jobs(kernel, [tenant.info.id])
    heard = [note for note in await notes(kernel, tenant) if note.startswith("heard tell me")]
    assert len(heard) == 1
    async with kernel.databases.platform_scope() as db:
        left = await db.fetch("SELECT job, plugin, attempts FROM job WHERE tenant_id = $1", tenant.info.id)
    assert [(row["job"], row["plugin"], row["attempts"]) for row in left] == [
        ("sample-extra.observes.notes", "sample-extra", 1)
    ]


async def test_a_body_of_another_kind_is_a_fault_of_the_program(kernel, tenant):
    class Other(msgspec.Struct):
        text: str

    async with kernel.context(tenant) as ctx:
        with pytest.raises(TypeError, match="NoteWritten"):
            await ctx.emit(WRITTEN, Other("x"))


def test_an_event_is_read_by_who_knows_its_version():
    body = msgspec.Raw(msgspec.json.encode(NoteWritten("x")))
    event = Event(new_id(), WRITTEN.name, 1, new_time(), "Li", body)
    assert event.read(WRITTEN) == NoteWritten("x")
    again = msgspec.json.decode(msgspec.json.encode(event), type=Event)
    assert again.read(WRITTEN) == NoteWritten("x")
    with pytest.raises(ValueError, match="version 2"):
        event.read(EventType(WRITTEN.name, NoteWritten, "", version=2))


def new_time():
    from datetime import UTC, datetime

    return datetime(2026, 11, 22, tzinfo=UTC)


async def nothing(runner, event):
    pass


@pytest.mark.parametrize(
    ("events", "observers", "words"),
    [
        ([EventType("other.note.written", NoteWritten, "")], [], "must be named shop"),
        ([EventType("shop.Written", NoteWritten, "")], [], "must be named shop"),
        ([EventType("shop.a.b", NoteWritten, "")] * 2, [], "two events"),
        ([], [Observer("x", ("*",), nothing)] * 2, "two observers"),
        ([], [Observer("not a word", ("*",), nothing)], "needs a word"),
        ([], [Observer("deaf", (), nothing)], "needs a word"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(events, observers, words):
    with pytest.raises(ValueError, match=words):
        check_events("shop", events, observers)


def test_an_observer_names_events_or_patterns():
    observer = Observer("x", ("trade.order.*", "mall.cart.left"), nothing)
    assert observer.wants("trade.order.placed")
    assert observer.wants("mall.cart.left")
    assert not observer.wants("trade.price.changed")
