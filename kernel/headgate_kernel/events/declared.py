"""Check what plugins declare as events and observers, and make each observer a kind of job."""

import re
from collections.abc import Sequence
from typing import Any

from headgate_sdk.events import Event, EventType, Observer
from headgate_sdk.jobs import JobType

NAME = re.compile(r"[a-z][a-z0-9_]*(-[a-z0-9]+)*(\.[a-z][a-z0-9_]*)+")
WORD = re.compile(r"[a-z][a-z0-9_]*")


def check_events(plugin: str, events: Sequence[EventType[Any]], observers: Sequence[Observer]) -> None:
    """Refuse what could not be told apart, when the plugin is registered.

    Raises:
        ValueError: says which event or observer, and why.
    """
    names = [event.name for event in events]
    if len(set(names)) != len(names):
        raise ValueError("two events have the same name")
    for name in names:
        if not name.startswith(f"{plugin}.") or not NAME.fullmatch(name):
            raise ValueError(f"the event {name} must be named {plugin}.<noun>.<what happened>")
    words = [observer.name for observer in observers]
    if len(set(words)) != len(words):
        raise ValueError("two observers have the same name")
    for observer in observers:
        if not WORD.fullmatch(observer.name) or not observer.events:
            raise ValueError(f"the observer {observer.name!r} needs a word for a name, and events")


def job_name(plugin: str, observer: Observer) -> str:
    """Give the kind of job by which an observer is called."""
    return f"{plugin}.observes.{observer.name}"


def observer_jobs(plugin: str, observers: Sequence[Observer]) -> list[JobType[Event]]:
    """Give the kinds of jobs by which a plugin's observers are called."""
    return [
        JobType(job_name(plugin, one), Event, one.function, one.max_attempts, one.timeout)
        for one in observers
    ]
