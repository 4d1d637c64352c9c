"""Notes, and what may go wrong while one is written: the text says what."""

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, Invalid
from headgate_sdk.events import EventType
from headgate_sdk.ids import new_id


class NoteWritten(msgspec.Struct, frozen=True):
    text: str


WRITTEN = EventType("sample.note.written", NoteWritten, "A note was written")


async def write_note(ctx: Context, text: str) -> None:
    await ctx.db.execute(
        "INSERT INTO sample_note (tenant_id, id, text) VALUES ($1, $2, $3)", ctx.tenant.id, new_id(), text
    )
    if text.startswith("tell "):
        await ctx.emit(WRITTEN, NoteWritten(text))
    if text == "crash":
        raise RuntimeError("secret-inner-detail")
    if text == "refused":
        raise Invalid("The note {text} is refused.", field="text", row=3, text=text)
    if text == "conflict":
        raise Conflict("Somebody was faster.")


async def list_notes(ctx: Context) -> list[str]:
    rows = await ctx.db.fetch(
        "SELECT text FROM sample_note WHERE tenant_id = $1 ORDER BY text", ctx.tenant.id
    )
    return [row["text"] for row in rows]


async def count_notes(ctx: Context) -> int:
    notes = await list_notes(ctx)
    if "broken badge" in notes:
        await ctx.db.execute("SELECT no_such_column FROM sample_note WHERE tenant_id = $1", ctx.tenant.id)
    return len(notes)
