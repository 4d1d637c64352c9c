"""Work after the answer, for tests: it leaves a note, or fails as it is told."""

import asyncio
from datetime import timedelta
from typing import Literal

import msgspec
from headgate_sdk.commands import TenantRunner
from headgate_sdk.errors import AuthFailed, NotReady
from headgate_sdk.jobs import GiveUp, JobType, Schedule

from headgate_sample.notes import write_note


class Write(msgspec.Struct, frozen=True):
    text: str = "swept"


class Trouble(msgspec.Struct, frozen=True):
    kind: Literal["not ready", "auth", "give up", "crash", "slow", "exit"]
    seconds: float = 0
    name: str = ""


async def write(runner: TenantRunner, payload: Write) -> None:
    async with runner.context() as ctx:
        await write_note(ctx, payload.text)


async def make_trouble(runner: TenantRunner, payload: Trouble) -> None:
    if payload.kind == "not ready":
        raise NotReady("The far side of {name} rests.", name="Sample")
    if payload.kind == "auth":
        raise AuthFailed("The far side refuses {name}.", name="us")
    if payload.kind == "give up":
        raise GiveUp("There is no such thing over there.")
    if payload.kind == "crash":
        raise KeyError("the password is hunter2")
    if payload.kind == "exit":
        raise SystemExit(3)
    async with runner.context() as ctx:
        await write_note(ctx, f"begun {payload.name}")
    await asyncio.sleep(payload.seconds)
    async with runner.context() as ctx:
        await write_note(ctx, f"ended {payload.name}")


WRITE = JobType("sample.write", Write, write)
SWEEP = JobType("sample.sweep", Write, write)
NIGHTLY = JobType("sample.nightly", Write, write)
TROUBLE = JobType("sample.trouble", Trouble, make_trouble, max_attempts=3, timeout=timedelta(seconds=2))
JOBS = (WRITE, SWEEP, NIGHTLY, TROUBLE)
SCHEDULES = (
    Schedule("sample.sweep", every=timedelta(minutes=10)),
    Schedule("sample.nightly", daily_at="02:30"),
)
