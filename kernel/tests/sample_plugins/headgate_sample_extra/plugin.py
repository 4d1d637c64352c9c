"""The front door of the extra plugin."""

from typing import Any

from headgate_sample.notes import WRITTEN, write_note
from headgate_sdk.commands import TenantRunner
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict
from headgate_sdk.events import Event, Observer
from headgate_sdk.hooks import hookimpl
from headgate_sdk.manifest import Manifest
from headgate_sdk.web import SIGNED_IN, Slot, page
from headgate_sdk.workflow import StepType

manifest = Manifest(
    id="sample-extra", name="Extra", description="A photo for each ticket.", version="0.1.0",
    package="headgate_sample_extra", requires=("sample",),
)  # fmt: skip


@page("/extra/page", permission=SIGNED_IN)
async def extra_page(ctx: Context) -> str:
    return f"extra for {ctx.tenant.slug}"


async def show(ctx: Context, data: Any) -> str:
    if data == "crash":
        await ctx.db.execute("SELECT no_such_column FROM sample_note WHERE tenant_id = $1", ctx.tenant.id)
    if data == "refuse":
        raise Conflict("The box <b>rests</b> today.")
    return "<p>from extra</p>"


async def show_late(ctx: Context, data: Any) -> str:
    return "<p>later</p>"


@hookimpl
def headgate_routes():
    return (extra_page,)


@hookimpl
def headgate_slots():
    return (Slot("sample.notes", show_late, order=90), Slot("sample.notes", show, order=10))


async def hear(runner: TenantRunner, event: Event) -> None:
    text = event.read(WRITTEN).text
    async with runner.context() as ctx:
        await write_note(ctx, f"heard {text} by {event.actor}")
    if "and fail" in text:
        raise RuntimeError("deaf")


@hookimpl
def headgate_observers():
    return (Observer("notes", ("sample.note.*",), hear, max_attempts=2),)


@hookimpl
def headgate_step_types():
    return (
        StepType(id="sample-extra.photo", name="Photo", subject="sample.ticket", phases=("before",),
                 permission="sample.notes.write"),
    )  # fmt: skip
