"""Events as people read them."""

from headgate_sdk.workflow import HistoryEntry

from headgate_kernel.workflow.definition import Definition
from headgate_kernel.workflow.events import (
    Event,
    MilestoneReached,
    Moved,
    Rejected,
    Reopened,
    Resolved,
    Started,
    Withdrawn,
    kind_of,
)
from headgate_kernel.workflow.store import Loaded


def entries_of(loaded: Loaded) -> list[HistoryEntry]:
    """Give a history with the names that its steps had in the flow of the time."""
    entries: list[HistoryEntry] = []
    version = 0
    for event in loaded.events:
        if isinstance(event.body, Started | Moved):
            version = event.body.version
        entries.append(_entry(event, loaded.definitions[version]))
    return entries


def _entry(event: Event, definition: Definition) -> HistoryEntry:
    step = milestone = resolution = ""
    version: int | None = None
    match event.body:
        case Started(version) | Moved(version):
            pass
        case Resolved(step, resolution):
            pass
        case Rejected(step) | Withdrawn(step) | Reopened(step):
            pass
        case MilestoneReached(milestone):
            pass
    found = definition.step(step)
    return HistoryEntry(
        seq=event.seq,
        at=event.stamp.at,
        kind=kind_of(event.body),
        by=event.stamp.by,
        step=step,
        step_name=found.name if found else step,
        milestone=milestone,
        resolution=resolution,
        version=version,
        note=event.stamp.note,
    )
