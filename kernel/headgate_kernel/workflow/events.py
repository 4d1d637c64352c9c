"""What happened: the only thing that is kept for ever; every other column can be computed from it."""

from datetime import datetime
from typing import Literal

import msgspec
from headgate_sdk.workflow import ActorRef, SubjectRef

from headgate_kernel.workflow.facts import StoredFact

Outcome = Literal["done", "skipped", "withdrawn", "overridden", "rejected"]


class Started(msgspec.Struct, frozen=True, tag_field="kind", tag="started"):
    """The instance began under a version of the flow."""

    version: int
    facts: dict[str, StoredFact]
    parent: SubjectRef | None = None


class Resolved(msgspec.Struct, frozen=True, tag_field="kind", tag="resolved"):
    """A step is behind."""

    step: str
    outcome: Literal["done", "skipped", "overridden"]


class Rejected(msgspec.Struct, frozen=True, tag_field="kind", tag="rejected"):
    """An approval was refused: what the open phase had decided is void, and a new round begins."""

    step: str


class MilestoneReached(msgspec.Struct, frozen=True, tag_field="kind", tag="milestone"):
    """A phase closed for good."""

    milestone: str


class Withdrawn(msgspec.Struct, frozen=True, tag_field="kind", tag="withdrawn"):
    """An open step is no longer asked for, because the instance moves to a flow without it."""

    step: str


class Reopened(msgspec.Struct, frozen=True, tag_field="kind", tag="reopened"):
    """A withdrawn step is asked for again, because the instance moves to a flow that has it."""

    step: str


class Moved(msgspec.Struct, frozen=True, tag_field="kind", tag="moved"):
    """The instance is pinned to another version."""

    version: int


class Cancelled(msgspec.Struct, frozen=True, tag_field="kind", tag="cancelled"):
    """The instance ended before its time."""


Body = Started | Resolved | Rejected | MilestoneReached | Withdrawn | Reopened | Moved | Cancelled


class Stamp(msgspec.Struct, frozen=True):
    """Who, when and why: given to every command, so that commands need no clock and no session."""

    by: ActorRef
    at: datetime
    note: str = ""


class Event(msgspec.Struct, frozen=True):
    """One entry of a history; `seq` counts from 1 without gaps."""

    seq: int
    stamp: Stamp
    body: Body


_body_decoder: msgspec.json.Decoder[Body] = msgspec.json.Decoder(Body)


def encode_body(body: Body) -> str:
    """Write an event's body as JSON."""
    return msgspec.json.encode(body).decode()


def decode_body(text: str) -> Body:
    """Read an event's body."""
    return _body_decoder.decode(text)


def kind_of(body: Body) -> str:
    """Name the kind of an event, as it is tagged in JSON."""
    tag = body.__struct_config__.tag
    assert isinstance(tag, str)
    return tag
