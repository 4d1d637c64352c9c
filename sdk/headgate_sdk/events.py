"""What has happened, told to whoever wants to know, after it is true.

A plugin declares the events that it tells of; a use case emits one in its own transaction, so that nobody
hears of what was undone. Observers are called soon after the commit, each by a job of its own: one that
fails is tried again and holds up nobody else. At least once, in no promised order: an observer that cares
looks at the thing itself, by the id that the event carries.

    PLACED = EventType("shop.order.placed", OrderPlaced, N_("An order was placed"))

    @hookimpl
    def headgate_events():
        return (PLACED,)

    await ctx.emit(PLACED, OrderPlaced(order_id))

    async def count(runner: TenantRunner, event: Event) -> None:
        async with runner.context() as ctx:
            await add_to_statistics(ctx, event.read(PLACED))

    @hookimpl
    def headgate_observers():
        return (Observer("statistics", ("shop.order.placed",), count),)
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from headgate_sdk.commands import TenantRunner
from headgate_sdk.context import covers

B = TypeVar("B", bound=msgspec.Struct)


class EventType(msgspec.Struct, Generic[B], frozen=True):
    """A kind of event.

    Args:
        name: `<plugin>.<noun>.<what happened>`.
        body: what it tells: plain values, ids rather than copies of things, no secrets.
        label: English msgid, for lists from which people choose.
        version: grows when a field is taken away or changes its meaning; new fields need a default.
    """

    name: str
    body: type[B]
    label: str
    version: int = 1


class Event(msgspec.Struct, frozen=True):
    """Something that happened.

    Args:
        id: stays the same however often the event is told.
        name: of its type.
        version: of its type when it happened.
        at: when.
        actor: who did it, as histories show it.
        body: JSON of the type's body.
    """

    id: UUID
    name: str
    version: int
    at: datetime
    actor: str
    body: msgspec.Raw

    def read(self, kind: EventType[B]) -> B:
        """Give the body.

        Raises:
            ValueError: the event is of another type, or of a version that this code does not know.
        """
        if (self.name, self.version) != (kind.name, kind.version):
            raise ValueError(
                f"event {self.name} version {self.version} is not {kind.name} version {kind.version}"
            )
        return msgspec.json.decode(self.body, type=kind.body)


class Observer(msgspec.Struct, frozen=True):
    """Who wants to know of events.

    Args:
        name: of this observer among the plugin's, a word.
        events: names, or patterns such as `trade.*` and `*`.
        function: called once for each event, with units of work of its own; must be repeatable.
        max_attempts: how often one event is told before it rests among the dead letters.
        timeout: that one call may take.
    """

    name: str
    events: tuple[str, ...]
    function: Callable[[TenantRunner, Event], Awaitable[None]]
    max_attempts: int = 8
    timeout: timedelta = timedelta(seconds=60)

    def wants(self, event: str) -> bool:
        """Tell whether it is to be called for events of this name."""
        return covers(self.events, event)
