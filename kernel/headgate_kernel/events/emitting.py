"""Write events down for their observers, in the transaction in which they happen."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.events import Event, EventType, Observer
from headgate_sdk.ids import new_id

from headgate_kernel.events.declared import job_name
from headgate_kernel.jobs.queue import NewJob, enqueue_many


async def emit(
    ctx: Context,
    kind: EventType[Any],
    bodies: Sequence[msgspec.Struct],
    observers: Iterable[tuple[str, Observer]],
) -> None:
    """Have the observers among the tenant's active plugins called for each event, after the commit.

    Args:
        ctx: in whose transaction it happens.
        kind: of event.
        bodies: one for each event.
        observers: all that are declared, with their plugins.

    Raises:
        TypeError: a body is not what the kind tells.
    """
    for body in bodies:
        if not isinstance(body, kind.body):
            raise TypeError(f"{kind.name} tells {kind.body.__name__}, not {type(body).__name__}")
    listening = [
        (plugin, observer)
        for plugin, observer in observers
        if plugin in ctx.plugins and observer.wants(kind.name)
    ]
    if not listening or not bodies:
        return
    now = ctx.clock.now()
    events = [
        Event(new_id(), kind.name, kind.version, now, ctx.actor.name, msgspec.Raw(msgspec.json.encode(body)))
        for body in bodies
    ]
    await enqueue_many(
        ctx.db,
        ctx.tenant.id,
        [NewJob(job_name(plugin, one), plugin, event) for event in events for plugin, one in listening],
        now=now,
    )
