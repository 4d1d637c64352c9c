"""Settings: the order flow.

Switches are a draft until it is published; beside them stands what it would do to open orders.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.web import action, page, see_other
from headgate_sdk.workflow import FlowInvalid, FlowSettings, SubjectType
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_kernel.runtime import Kernel
from headgate_kernel.workflow.flows import (
    PUBLISH_PERMISSION,
    Impact,
    current_flow,
    draft_impact,
    flow_at,
    flow_versions,
    publish_flow,
)

PATH = "/settings/flow"


class FlowForm(msgspec.Struct):
    """The draft as the page holds it: steps that are switched on, and the version it started from."""

    steps: list[str] = []
    base_version: int = 0


class StepCard(msgspec.Struct, frozen=True):
    """One step on the page.

    Args:
        id: of the step type.
        name: English msgid.
        description: English msgid.
        actor_role: English msgid of who does it.
        icon: of the sprite.
        enabled: switched on in the draft.
        changed: differs from what is published.
        waiting: open orders that wait at it now.
    """

    id: str
    name: str
    description: str
    actor_role: str
    icon: str
    enabled: bool
    changed: bool
    waiting: int


class PhaseColumn(msgspec.Struct, frozen=True):
    """One phase on the page."""

    name: str
    milestone: str
    steps: tuple[StepCard, ...]


FlowData = Annotated[FlowForm, Body(media_type=RequestEncodingType.URL_ENCODED)]


@page(PATH, permission=PUBLISH_PERMISSION, include_in_schema=False)
async def flow_page(ctx: Context, kernel: Kernel) -> Response[str]:
    """Show the order flow with its switches."""
    if not any(subject.plugin in ctx.plugins for subject in kernel.steps.subject_types.values()):
        return await ctx.render("settings/flow_none.html")
    subject = _subject(ctx, kernel)
    current = await current_flow(ctx, kernel.steps, subject.id)
    return await _page(ctx, kernel, subject, current.settings, current.version)


@action(f"{PATH}/draft", permission=PUBLISH_PERMISSION, include_in_schema=False)
async def draft(ctx: Context, kernel: Kernel, data: FlowData) -> Response[str]:
    """Show what a changed switch would mean; nothing is published."""
    subject = _subject(ctx, kernel)
    current = await current_flow(ctx, kernel.steps, subject.id)
    settings = _with_switches(current.settings, frozenset(data.steps))
    return await _page(ctx, kernel, subject, settings, data.base_version, template="settings/_flow.html")


@action(PATH, permission=PUBLISH_PERMISSION, include_in_schema=False)
async def publish(ctx: Context, kernel: Kernel, data: FlowData) -> Response[str]:
    """Publish the draft: new orders follow it, open ones keep the flow that they started under."""
    subject = _subject(ctx, kernel)
    current = await current_flow(ctx, kernel.steps, subject.id)
    settings = _with_switches(current.settings, frozenset(data.steps))
    try:
        await publish_flow(ctx, kernel.steps, subject.id, settings, base_version=data.base_version)
    except (FlowInvalid, Conflict) as error:
        problems = getattr(error, "problems", ()) or (error,)
        words = " ".join(kernel.renderer.words(ctx.locale, problem) for problem in problems)
        return await _page(ctx, kernel, subject, settings, data.base_version, error=words)
    return see_other(PATH)


@action(f"{PATH}/versions/{{version:int}}", permission=PUBLISH_PERMISSION, include_in_schema=False)
async def publish_again(ctx: Context, kernel: Kernel, version: int) -> Response[str]:
    """Publish an old version anew: the way back."""
    subject = _subject(ctx, kernel)
    settings = await flow_at(ctx, subject.id, version)
    note = ctx.translate(N_("Version {n} again"), n=version)
    await publish_flow(ctx, kernel.steps, subject.id, settings, note=note)
    return see_other(PATH)


def _subject(ctx: Context, kernel: Kernel) -> SubjectType:
    """Give the first subject that the tenant's plugins bring through a flow: its orders."""
    for subject in kernel.steps.subject_types.values():
        if subject.plugin in ctx.plugins:
            return subject
    raise NotFound(N_("No plugin that is switched on has a flow."))


def _with_switches(settings: FlowSettings, enabled: frozenset[str]) -> FlowSettings:
    replace = msgspec.structs.replace
    return FlowSettings(
        tuple(
            replace(
                phase,
                groups=tuple(
                    tuple(replace(step, enabled=step.step in enabled) for step in group)
                    for group in phase.groups
                ),
            )
            for phase in settings.phases
        )
    )


async def _page(
    ctx: Context,
    kernel: Kernel,
    subject: SubjectType,
    settings: FlowSettings,
    base_version: int,
    *,
    error: str = "",
    template: str = "settings/flow.html",
) -> Response[str]:
    published = await current_flow(ctx, kernel.steps, subject.id)
    impact: Impact | None = None
    if not error:
        try:
            impact = await draft_impact(ctx, kernel.steps, subject.id, settings)
        except FlowInvalid as invalid:
            error = " ".join(kernel.renderer.words(ctx.locale, problem) for problem in invalid.problems)
    waiting = await ctx.workflow.count_open(subject.id)
    columns = _columns(kernel, subject, settings, _enabled(published.settings), waiting)
    changed = any(card.changed for column in columns for card in column.steps)
    versions = await flow_versions(ctx, subject.id) if template.endswith("/flow.html") else []
    answer = await ctx.render(
        template, phase_columns=columns, impact=impact, changed=changed, base_version=base_version,
        current_version=published.version, versions=versions, error=error, path=PATH,
    )  # fmt: skip
    if error:
        answer.status_code = 422
    return answer


def _enabled(settings: FlowSettings) -> frozenset[str]:
    return frozenset(
        step.step for phase in settings.phases for group in phase.groups for step in group if step.enabled
    )


def _columns(
    kernel: Kernel,
    subject: SubjectType,
    settings: FlowSettings,
    published: frozenset[str],
    waiting: dict[str, int],
) -> Sequence[PhaseColumn]:
    by_phase = {phase.phase: phase for phase in settings.phases}
    columns: list[PhaseColumn] = []
    for phase in subject.phases:
        steps = [s for group in (by_phase[phase.id].groups if phase.id in by_phase else ()) for s in group]
        cards = []
        for step in steps:
            kind = kernel.steps.step_types[step.step]
            cards.append(
                StepCard(
                    kind.id, kind.name, kind.description, kind.actor_role, kind.icon, step.enabled,
                    step.enabled != (step.step in published), waiting.get(step.step, 0),
                )
            )  # fmt: skip
        columns.append(PhaseColumn(phase.name, phase.milestone_name or phase.milestone, tuple(cards)))
    return columns


HANDLERS = (flow_page, draft, publish, publish_again)
