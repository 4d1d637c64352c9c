"""Every hook, in one place.

A plugin implements a hook by a function of the same name in its `plugin.py`, marked with `@hookimpl`.
*Platform* hooks are asked once, at start: they declare surfaces, which the kernel gates for each tenant.
*Tenant* hooks name their tenant by a `Context`; only plugins that are active for it are called.
*Deciders* run inside the transaction, in a savepoint, with a time budget, and get whole batches.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar
from uuid import UUID

import click
import msgspec
import pluggy
from litestar.types import ControllerRouterHandler

from headgate_sdk.blueprint import Blueprint, BlueprintCheck, BlueprintPart, FileCount, Sample
from headgate_sdk.checklist import ChecklistItem
from headgate_sdk.commands import TenantRunner
from headgate_sdk.context import Context
from headgate_sdk.events import EventType, Observer
from headgate_sdk.figures import Figure
from headgate_sdk.jobs import JobType, Schedule
from headgate_sdk.orders import OrderDraft, Veto
from headgate_sdk.web import NavItem, Slot
from headgate_sdk.workflow import StepType, SubjectType

F = TypeVar("F", bound=Callable[..., object])

hookimpl = pluggy.HookimplMarker("headgate")
_hookspec = pluggy.HookspecMarker("headgate")


class HookInfo(msgspec.Struct, frozen=True):
    """How the host calls a hook.

    Args:
        scope: `platform` hooks are asked once at start, `tenant` hooks for one tenant's active plugins.
        kind: `declares` surfaces, `checks` what was written before there is a tenant, `decider` inside the
            transaction, `worker` with units of work of its own.
        fails: a decider that fails is `closed` (the call fails) or `open` (its result is left out).
        budget_ms: time that a decider may take for one batch.
        since: SDK version.
    """

    scope: Literal["platform", "tenant"]
    kind: Literal["declares", "checks", "decider", "worker"]
    fails: Literal["open", "closed"] = "closed"
    budget_ms: int = 1000
    since: str = "0.1"


def _spec(info: HookInfo) -> Callable[[F], F]:
    def mark(function: F) -> F:
        function.headgate_info = info  # type: ignore[attr-defined]
        return _hookspec(function)

    return mark


_declares = _spec(HookInfo(scope="platform", kind="declares"))


@_declares
def headgate_routes() -> Sequence[ControllerRouterHandler]:
    """Pages and endpoints, made with `headgate_sdk.web`; 404 for a tenant while the plugin is off."""
    raise NotImplementedError


@_declares
def headgate_nav() -> Sequence[NavItem]:
    """Entries of the menus."""
    raise NotImplementedError


@_declares
def headgate_slots() -> Sequence[Slot]:
    """Cards, notices and buttons in named places of other plugins' pages."""
    raise NotImplementedError


@_declares
def headgate_subject_types() -> Sequence[SubjectType]:
    """Things that go through a flow: orders, returns, requests."""
    raise NotImplementedError


@_declares
def headgate_step_types() -> Sequence[StepType]:
    """Steps that a distributor may switch on in a flow."""
    raise NotImplementedError


@_declares
def headgate_jobs() -> Sequence[JobType[Any]]:
    """Kinds of work after the answer; while the plugin is off for a tenant, its jobs wait."""
    raise NotImplementedError


@_declares
def headgate_events() -> Sequence[EventType[Any]]:
    """What the plugin tells of when it happens; see `headgate_sdk.events`."""
    raise NotImplementedError


@_declares
def headgate_observers() -> Sequence[Observer]:
    """Who wants to know what happens, in this plugin and in others; called after the commit."""
    raise NotImplementedError


@_declares
def headgate_schedules() -> Sequence[Schedule]:
    """Jobs that run by the clock, at each tenant whose plugin is active."""
    raise NotImplementedError


@_declares
def headgate_commands() -> Sequence[click.Command]:
    """Commands of the `headgate` command line."""
    raise NotImplementedError


@_spec(HookInfo(scope="platform", kind="checks"))
def headgate_check_blueprint(blueprint: Blueprint, folder: Path) -> BlueprintCheck:
    """Look at a blueprint that switches the plugin on, and whether its files can be read: everything wrong.

    Asked before anything is written, with no database at hand: the tenant may not exist yet.

    Args:
        blueprint: the whole of it; its shape is sound.
        folder: files are named relative to it.
    """
    raise NotImplementedError


@_spec(HookInfo(scope="tenant", kind="decider", budget_ms=600_000))
async def headgate_apply_blueprint(
    ctx: Context, blueprint: Blueprint, folder: Path, members: Mapping[str, UUID]
) -> Sequence[FileCount] | None:
    """Bring the plugin's part of a tenant to its blueprint, and write only what differs.

    Args:
        ctx: of the tenant, as the system.
        blueprint: the whole of it, logins as they are kept; without a sample when no files are to be loaded.
        folder: files are named relative to it.
        members: membership ids by login.

    Returns:
        What each file of the sample did.

    Raises:
        InvalidFields: rows of a file that cannot be used; nothing of the blueprint is kept then.
    """
    raise NotImplementedError


@_spec(HookInfo(scope="tenant", kind="decider", budget_ms=60_000))
async def headgate_read_blueprint(ctx: Context) -> BlueprintPart:
    """Give the plugin's part of a tenant as it is, to compare it with a blueprint or to write one."""
    raise NotImplementedError


@_spec(HookInfo(scope="tenant", kind="decider", budget_ms=600_000))
async def headgate_write_sample(ctx: Context, folder: Path) -> Sample | None:
    """Write a tenant's goods, customers and prices as files from which another one can be filled.

    Args:
        ctx: of the tenant, as the system, reading only.
        folder: where to.
    """
    raise NotImplementedError


@_spec(HookInfo(scope="tenant", kind="worker", budget_ms=600_000))
async def headgate_practice(runner: TenantRunner, blueprint: Blueprint, folder: Path) -> None:
    """Fill a tenant that is there to be tried out with some days of life: orders under way, accounts."""
    raise NotImplementedError


@_spec(HookInfo(scope="tenant", kind="worker", budget_ms=600_000))
async def headgate_rebuild(ctx: Context) -> None:
    """Make the tables of the class `derived` again from other rows, after a tenant was moved."""
    raise NotImplementedError


@_spec(HookInfo(scope="tenant", kind="decider"))
async def headgate_check_orders(ctx: Context, drafts: Sequence[OrderDraft]) -> Sequence[Veto]:
    """Refuse orders, with a reason, before they are placed; also asked for carts, to warn in time."""
    raise NotImplementedError


@_spec(HookInfo(scope="tenant", kind="decider", fails="open"))
async def headgate_checklist(ctx: Context) -> Sequence[ChecklistItem]:
    """Say what the plugin wants done by a new distributor, and whether it is: by facts, with few queries."""
    raise NotImplementedError


@_spec(HookInfo(scope="tenant", kind="decider", fails="open"))
async def headgate_tenant_figures(ctx: Context) -> Sequence[Figure]:
    """Tell the operator figures of the tenant's day; asked every few minutes, so not by counting all."""
    raise NotImplementedError
