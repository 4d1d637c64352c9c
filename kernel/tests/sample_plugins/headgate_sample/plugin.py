"""The front door of the sample plugin."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from headgate_sdk.checklist import ChecklistItem
from headgate_sdk.context import Context
from headgate_sdk.figures import Figure
from headgate_sdk.hooks import hookimpl
from headgate_sdk.manifest import Manifest, Permission
from headgate_sdk.secrets import SealedColumn, Secret
from headgate_sdk.web import PUBLIC, SIGNED_IN, NavItem, action, create, page, read, see_other
from headgate_sdk.workflow import FlowSettings, Phase, PhaseSettings, StepSetting, StepType, SubjectType
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_sample.jobs import JOBS, SCHEDULES
from headgate_sample.notes import WRITTEN, count_notes, list_notes, write_note

READ = "sample.notes.read"
WRITE = "sample.notes.write"


class SampleSettings(msgspec.Struct, frozen=True):
    """What a distributor chooses about notes."""

    paper: Literal["white", "yellow"] = "white"
    lines: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    margin: Decimal = Decimal("2.5")
    key: Secret = Secret("")


manifest = Manifest(
    id="sample", name="Sample", description="Notes.", version="1.2.3", package="headgate_sample",
    permissions=(Permission(READ, "See notes"), Permission(WRITE, "Write notes")), settings=SampleSettings,
    sealed=(SealedColumn("sample_account", "password"),),
)  # fmt: skip


class NoteForm(msgspec.Struct):
    text: str


@page("/sample/notes", permission=READ)
async def notes_page(ctx: Context, slot: str = "") -> Response[str]:
    return await ctx.render(
        "sample/notes.html", notes=await list_notes(ctx), place=await ctx.slot("sample.notes", slot)
    )


@action("/sample/notes", permission=WRITE)
async def write_by_form(
    ctx: Context, data: Annotated[NoteForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[str]:
    await write_note(ctx, data.text)
    if data.text == "answered with 409":
        return Response("no", status_code=409)
    return see_other("/sample/notes")


@page("/sample/anybody", permission=PUBLIC)
async def anybody(ctx: Context) -> str:
    return f"hello {ctx.actor.kind}"


@page("/sample/signed-in", permission=SIGNED_IN)
async def signed_in(ctx: Context) -> str:
    return f"hello {ctx.actor.name}"


@read("/sample/notes", permission=READ)
async def read_notes(ctx: Context) -> list[str]:
    return await list_notes(ctx)


@create("/sample/notes", permission=WRITE)
async def write_by_api(ctx: Context, data: NoteForm) -> NoteForm:
    await write_note(ctx, data.text)
    return data


@hookimpl
def headgate_routes():
    return (notes_page, write_by_form, anybody, signed_in, read_notes, write_by_api)


@hookimpl
def headgate_nav():
    return (
        NavItem(label="Notes", href="/sample/notes", face="workbench", icon="list", permission=READ,
                section="Orders", badge=count_notes),
    )  # fmt: skip


@hookimpl
def headgate_subject_types():
    phases = (
        Phase("before", "released", "Before release", "Released"),
        Phase("after", "completed", "Before closing", "Completed"),
    )
    default = FlowSettings(
        (PhaseSettings("before", ((StepSetting("sample.check"),),)), PhaseSettings("after"))
    )
    return (SubjectType(id="sample.ticket", name="Ticket", phases=phases, default_flow=default),)


@hookimpl
def headgate_step_types():
    return (
        StepType(id="sample.check", name="Check", subject="sample.ticket", phases=("before",),
                 permission=WRITE),
        StepType(id="sample.file", name="File", subject="sample.ticket", phases=("after",), permission=WRITE,
                 default_on=False),
    )  # fmt: skip


@hookimpl
def headgate_jobs():
    return JOBS


@hookimpl
def headgate_events():
    return (WRITTEN,)


@hookimpl
def headgate_schedules():
    return SCHEDULES


@hookimpl
async def headgate_apply_blueprint(ctx: Context, folder: Path) -> None:
    text = f"from {folder.name}"
    if text not in await list_notes(ctx):
        await write_note(ctx, text)


@hookimpl
async def headgate_tenant_figures(ctx: Context):
    last = ctx.clock.now().replace(year=2020, microsecond=0)
    return [
        Figure(key="orders_today", label="Orders today", count=7),
        Figure(key="last_order", label="Last order", moment=last),
    ]


@hookimpl
async def headgate_checklist(ctx: Context):
    written = bool(await list_notes(ctx))
    return [
        ChecklistItem(
            key="sample.note", title="Write a note", description="One is enough.", href="/sample/notes",
            done=written, position=20,
        )
    ]  # fmt: skip
