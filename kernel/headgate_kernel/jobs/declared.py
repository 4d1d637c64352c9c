"""Check what plugins declare as jobs and schedules, and find whose a job is."""

from collections.abc import Sequence
from typing import Any

import msgspec
from headgate_sdk.jobs import JobType, Schedule


def check_jobs(
    plugin: str, jobs: Sequence[tuple[str, JobType[Any]]], schedules: Sequence[tuple[str, Schedule]]
) -> None:
    """Refuse what could not be told apart or could not run, when the plugin is registered.

    Raises:
        ValueError: says which job or schedule, and why.
    """
    types = {job.name: job for _, job in jobs}
    if len(types) != len(jobs):
        raise ValueError("two job types have the same name")
    for name in types:
        if not name.startswith(f"{plugin}."):
            raise ValueError(f"the name of the job type {name} must begin with {plugin}.")
    names = [schedule.job for _, schedule in schedules]
    if len(set(names)) != len(names):
        raise ValueError("two schedules run the same job; a job has one at most")
    for name in names:
        if name not in types:
            raise ValueError(f"a schedule runs {name}, which is no job type of the plugin")
        try:
            types[name].payload()
        except TypeError:
            raise ValueError(f"{name} has a schedule, so each field of its payload needs a default") from None


def plugin_of(jobs: Sequence[tuple[str, JobType[Any]]], name: str, payload: msgspec.Struct) -> str:
    """Tell whose a job is that is asked for; the kernel's own begin with `headgate.` and belong to no plugin.

    Raises:
        LookupError: nobody has declared it.
        TypeError: it is told something else than it takes.
    """
    if name.startswith("headgate."):
        return ""
    for plugin, job in jobs:
        if job.name == name:
            if not isinstance(payload, job.payload):
                raise TypeError(f"{name} takes {job.payload.__name__}, not {type(payload).__name__}")
            return plugin
    raise LookupError(f"no plugin has declared the job type {name}; see the hook headgate_jobs")
