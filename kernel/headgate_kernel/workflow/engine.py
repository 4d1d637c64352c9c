"""One command, one transaction: lock, read again, decide, write once, then the effects of the milestones."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.workflow import (
    ActorRef,
    AlreadyStarted,
    Cause,
    Decision,
    FactValue,
    HistoryEntry,
    Instance,
    NotAllowed,
    OpenTask,
    StepBlocked,
    StepType,
    SubjectRef,
    UnknownStep,
)

from headgate_kernel.workflow import commands
from headgate_kernel.workflow.catalogue import StepCatalogue
from headgate_kernel.workflow.commands import Events, check_sequence
from headgate_kernel.workflow.definition import DefinedStep, Definition
from headgate_kernel.workflow.events import Cancelled, MilestoneReached, Stamp
from headgate_kernel.workflow.facts import check_facts
from headgate_kernel.workflow.fold import apply, fold
from headgate_kernel.workflow.history import entries_of
from headgate_kernel.workflow.inbox import count_tasks, read_page
from headgate_kernel.workflow.state import State
from headgate_kernel.workflow.store import (
    Loaded,
    insert_start,
    load_history,
    load_locked,
    read_states,
    write,
)
from headgate_kernel.workflow.timeline import draw
from headgate_kernel.workflow.versions import ensure_current, forget_current, guess_current

OVERRIDE_PERMISSION = "headgate.flow.override"
NOTE_LENGTH = 2000
PAGE_LENGTH = 500


class WorkflowEngine:
    """The engine, bound to a context; `headgate_sdk.workflow.Workflow` says what each method does.

    Args:
        ctx: tenant, actor, transaction and time.
        catalogue: steps and subjects of the installed plugins.
    """

    __slots__ = ("_catalogue", "_ctx")

    def __init__(self, ctx: Context, catalogue: StepCatalogue) -> None:
        self._ctx = ctx
        self._catalogue = catalogue

    async def start(
        self,
        subject_type: str,
        subject_id: UUID,
        facts: Mapping[str, FactValue],
        *,
        parent: SubjectRef | None = None,
    ) -> Instance:
        """Start the tenant's current flow."""
        subject = SubjectRef(subject_type, subject_id)
        stored = check_facts(self._catalogue.subject(subject_type), facts)
        stamp = self._stamp("")
        current = guess_current(self._ctx, subject_type)
        while True:
            if current is None:
                current = await ensure_current(self._ctx, self._catalogue, subject_type)
            definitions = {current.version: current.definition}
            events = commands.start(current.definition, current.version, stored, stamp, parent)
            state = fold(definitions, events)
            assert state is not None
            is_current, begun = await insert_start(self._ctx, subject, current, events, state)
            if begun:
                break
            if is_current:
                raise AlreadyStarted(N_("This document already goes through a flow."))
            forget_current(self._ctx, subject_type)
            current = None
        await self._run_effects(subject, state, events)
        return self._draw(subject_id, current.definition, state)

    async def resolve(
        self,
        subject_type: str,
        subject_id: UUID,
        step: str,
        decision: Decision | Literal["done", "reject"] = Decision.DONE,
        *,
        note: str = "",
        expected_seq: int | None = None,
    ) -> Instance:
        """Resolve an open step."""
        stamp = self._stamp(note)
        rejected = Decision(decision) is Decision.REJECT

        def decide(loaded: Loaded) -> Events:
            defined = _find(loaded, step)
            self._ctx.require(defined.permission)
            self._require_running(loaded.state, defined)
            if rejected:
                return commands.reject(loaded.definitions, loaded.state, step, stamp)
            return commands.resolve(loaded.definitions, loaded.state, step, "done", stamp)

        return await self._run(SubjectRef(subject_type, subject_id), expected_seq, decide)

    async def override(
        self, subject_type: str, subject_id: UUID, step: str, reason: str, *, expected_seq: int | None = None
    ) -> Instance:
        """Push an open step aside, with a reason."""
        self._ctx.require(OVERRIDE_PERMISSION)
        if not reason.strip():
            raise Invalid(N_("Please give a reason for passing this step."), field="reason")
        stamp = self._stamp(reason)
        return await self._run(
            SubjectRef(subject_type, subject_id),
            expected_seq,
            lambda loaded: commands.resolve(loaded.definitions, loaded.state, step, "overridden", stamp),
        )

    async def complete_all(
        self,
        subject_type: str,
        subject_id: UUID,
        *,
        until: str | None = None,
        note: str = "",
        times: Mapping[str, datetime] | None = None,
    ) -> Instance:
        """Resolve every open step in turn."""
        if self._ctx.actor.kind != "system":
            raise NotAllowed(N_("Only the system completes a whole flow at once."))
        stamp = self._stamp(note)
        return await self._run(
            SubjectRef(subject_type, subject_id),
            None,
            lambda loaded: commands.complete(
                loaded.definitions, loaded.state, stamp, until=until, times=times
            ),
        )

    async def cancel(
        self, subject_type: str, subject_id: UUID, reason: str, *, expected_seq: int | None = None
    ) -> Instance:
        """End it before its time."""
        stamp = self._stamp(reason)
        return await self._run(
            SubjectRef(subject_type, subject_id),
            expected_seq,
            lambda loaded: commands.cancel(loaded.definitions, loaded.state, stamp),
        )

    async def view(self, subject_type: str, subject_ids: Sequence[UUID]) -> dict[UUID, Instance]:
        """Give the timelines of a batch."""
        if not subject_ids:
            return {}
        found = await read_states(self._ctx, subject_type, subject_ids)
        return {
            subject_id: self._draw(subject_id, definition, state)
            for subject_id, (definition, state) in found.items()
        }

    async def history(self, subject_type: str, subject_id: UUID) -> list[HistoryEntry]:
        """Give all events of one subject."""
        return entries_of(await load_history(self._ctx, SubjectRef(subject_type, subject_id)))

    async def open_tasks(
        self, subject_type: str, steps: Sequence[str], *, after: OpenTask | None = None, limit: int = 50
    ) -> list[OpenTask]:
        """Give a page of what waits at these steps."""
        return await read_page(self._ctx, subject_type, steps, after, max(0, min(limit, PAGE_LENGTH)))

    async def count_open(self, subject_type: str) -> dict[str, int]:
        """Count what waits at each step."""
        return await count_tasks(self._ctx, subject_type)

    def steps(self, subject_type: str) -> tuple[StepType, ...]:
        """Give the step types on offer."""
        return self._catalogue.in_order(subject_type, self._ctx.plugins)

    async def _run(
        self, subject: SubjectRef, expected_seq: int | None, decide: Callable[[Loaded], Events]
    ) -> Instance:
        loaded = await load_locked(self._ctx, subject)
        check_sequence(loaded.state, expected_seq)
        events = decide(loaded)
        state = loaded.state
        for event in events:
            state = apply(loaded.definitions, state, event)
        if events:
            await write(self._ctx, subject, loaded.state, state, events)
            await self._run_effects(subject, state, events)
        return self._draw(subject.id, loaded.definitions[state.version], state)

    async def _run_effects(self, subject: SubjectRef, state: State, events: Events) -> None:
        """Await the subject type's callbacks, in order, in the same transaction."""
        declared = self._catalogue.subject(subject.type)
        for event in events:
            cause = Cause(event.stamp.by, event.stamp.at, event.seq, event.stamp.note)
            if isinstance(event.body, MilestoneReached) and declared.on_milestone is not None:
                await declared.on_milestone(self._ctx, subject.id, event.body.milestone, cause)
            elif isinstance(event.body, Cancelled) and declared.on_cancelled is not None:
                await declared.on_cancelled(self._ctx, subject.id, tuple(state.reached), cause)

    def _require_running(self, state: State, step: DefinedStep) -> None:
        plugin = self._blocking(step.step, step.plugin)
        if plugin and step.step in state.open:
            raise StepBlocked(
                N_("This step is blocked: the plugin {plugin} is off or missing."), plugin=plugin
            )

    def _blocking(self, step: str, plugin: str) -> str:
        return self._catalogue.blocking_plugin(step, plugin, self._ctx.plugins)

    def _draw(self, subject_id: UUID, definition: Definition, state: State) -> Instance:
        return draw(subject_id, definition, state, self._blocking)

    def _stamp(self, note: str) -> Stamp:
        if len(note) > NOTE_LENGTH or "\x00" in note:
            raise Invalid(N_("A note has at most {most} characters of text."), field="note", most=NOTE_LENGTH)
        actor = self._ctx.actor
        by = ActorRef(actor.name, actor.kind, actor.role_name, actor.membership_id)
        return Stamp(by, self._ctx.clock.now(), note.strip())


def _find(loaded: Loaded, step: str) -> DefinedStep:
    found = loaded.definitions[loaded.state.version].step(step)
    if found is None or not found.enabled:
        raise UnknownStep(N_("The flow of this document has no step {step}."), step=step)
    return found
