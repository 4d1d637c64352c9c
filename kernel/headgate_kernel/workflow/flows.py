"""A tenant's flows: what is current, what a draft would do to open subjects, and publishing it."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.workflow import ActorRef, FlowSettings

from headgate_kernel.workflow.catalogue import StepCatalogue
from headgate_kernel.workflow.compiler import arrange, compile_flow, default_flow, switch_off
from headgate_kernel.workflow.definition import Definition, encode, fingerprint
from headgate_kernel.workflow.frontier import frontier, steps_ahead
from headgate_kernel.workflow.impact import MoveEffect, Progress, preview_move
from headgate_kernel.workflow.versions import append, load, read_current, read_version

PUBLISH_PERMISSION = "headgate.flow.write"

_PROGRESS = """
SELECT open.version, d.fingerprint, open.reached, open.resolved, count(*) AS instances
FROM (
    SELECT i.version, i.reached, ARRAY(
        SELECT r.step FROM workflow_resolution r
        WHERE r.tenant_id = $1 AND r.subject_type = $2 AND r.subject_id = i.subject_id
            AND NOT r.void AND r.outcome IN ('done', 'skipped', 'overridden')
        ORDER BY r.step
    ) AS resolved
    FROM workflow_instance i WHERE i.tenant_id = $1 AND i.subject_type = $2 AND i.state = 'open'
) AS open
JOIN workflow_definition d ON d.tenant_id = $1 AND d.subject_type = $2 AND d.version = open.version
GROUP BY open.version, d.fingerprint, open.reached, open.resolved
"""
_VERSIONS = """
SELECT d.version, d.fingerprint, d.published_at, d.published_by ->> 'name' AS published_by, d.note,
    (SELECT count(*) FROM workflow_instance i WHERE i.tenant_id = $1 AND i.subject_type = $2
        AND i.version = d.version AND i.state = 'open') AS instances
FROM workflow_definition d WHERE d.tenant_id = $1 AND d.subject_type = $2 ORDER BY d.version DESC
"""


class CurrentFlow(msgspec.Struct, frozen=True):
    """The flow that new subjects start under.

    Args:
        version: 0 for the default flow that nobody has started under yet.
        settings: every available step in its place; what the flow does not mention is off.
    """

    version: int
    settings: FlowSettings


class FlowVersion(msgspec.Struct, frozen=True):
    """A published version; `open` counts the open subjects pinned to it."""

    version: int
    fingerprint: str
    published_at: datetime
    published_by: str
    note: str
    open: int


class StepImpact(msgspec.Struct, frozen=True):
    """What a draft means for one step, if all open subjects moved to it.

    Args:
        step: id of the step type.
        open: subjects that wait at it now.
        needed: subjects that wait at it or have it ahead.
        closes: of the waiting ones, how many would not wait there any more.
        opens: subjects that would wait there and do not now.
    """

    step: str
    open: int
    needed: int
    closes: int
    opens: int


class Impact(msgspec.Struct, frozen=True):
    """What moving to a draft would mean for the open subjects; by default they keep their version.

    Args:
        changed: the draft differs from the current version.
        open: open subjects.
        effects: how many of them a move would affect how; they add up to `open`.
        steps: by step, for every step of the draft and every step that is needed now.
    """

    changed: bool
    open: int
    effects: Mapping[MoveEffect, int]
    steps: Mapping[str, StepImpact]


class Needing(msgspec.Struct, frozen=True):
    """Open subjects that cannot go on without a plugin; one that needs several of its steps counts in each.

    Args:
        subjects: how many.
        steps: how many of them need which step.
    """

    subjects: int
    steps: Mapping[str, int]


class _Group(msgspec.Struct, frozen=True):
    definition: Definition
    progress: Progress
    instances: int


async def current_flow(ctx: Context, catalogue: StepCatalogue, subject_type: str) -> CurrentFlow:
    """Give the current flow with every step that active plugins offer, as the settings page shows it."""
    subject = catalogue.subject(subject_type)
    current = await read_current(ctx, subject_type)
    if current is None:
        return CurrentFlow(0, default_flow(catalogue, subject, ctx.plugins))
    settings = current.definition.settings()
    return CurrentFlow(
        current.version, arrange(catalogue, subject_type, settings, ctx.plugins, switch_on_new=False)
    )


async def flow_at(ctx: Context, subject_type: str, version: int) -> FlowSettings:
    """Give the settings of a published version, to publish them again.

    Raises:
        NotFound: no such version.
    """
    definition = await read_version(ctx, subject_type, version)
    if definition is None:
        raise NotFound(N_("There is no version {version} of this flow."), version=version)
    return definition.settings()


async def flow_versions(ctx: Context, subject_type: str) -> list[FlowVersion]:
    """Give all published versions, newest first."""
    return await ctx.db.fetch_as(FlowVersion, _VERSIONS, ctx.tenant.id, subject_type)


async def draft_impact(
    ctx: Context, catalogue: StepCatalogue, subject_type: str, settings: FlowSettings
) -> Impact:
    """Work out what a draft would mean for the open subjects.

    Raises:
        FlowInvalid: it could not be published.
    """
    draft = compile_flow(catalogue, subject_type, settings, ctx.plugins)
    current = await read_current(ctx, subject_type)
    groups = await _read_progress(ctx, subject_type)
    effects: Counter[MoveEffect] = Counter()
    counts: dict[str, Counter[str]] = {step.step: Counter() for step in draft.enabled_steps()}
    for group in groups:
        preview = preview_move(group.definition, draft, group.progress)
        effects[preview.effect] += group.instances
        now = frontier(group.definition, group.progress.resolved, group.progress.reached)
        needed = steps_ahead(group.definition, group.progress.resolved, group.progress.reached)
        told = {"open": now, "needed": needed, "closes": preview.closes, "opens": preview.opens}
        for what, steps in told.items():
            for step in steps:
                counts.setdefault(step, Counter())[what] += group.instances
    return Impact(
        changed=current is None or fingerprint(encode(draft)) != current.fingerprint,
        open=sum(group.instances for group in groups),
        effects={effect: effects[effect] for effect in MoveEffect},
        steps={
            step: StepImpact(step, count["open"], count["needed"], count["closes"], count["opens"])
            for step, count in counts.items()
        },
    )


async def publish_flow(
    ctx: Context,
    catalogue: StepCatalogue,
    subject_type: str,
    settings: FlowSettings,
    *,
    note: str = "",
    base_version: int | None = None,
) -> FlowVersion:
    """Publish a flow; new subjects start under it, open ones keep the version that they pinned.

    Publishing what is current already changes nothing and gives the current version.

    Args:
        ctx: needs `headgate.flow.write`.
        catalogue: of the installed plugins.
        subject_type: whose flow.
        settings: as arranged.
        note: why, shown in the list of versions.
        base_version: the version that the draft was made from.

    Raises:
        FlowInvalid: with all findings.
        Conflict: somebody else has published in the meantime.
    """
    ctx.require(PUBLISH_PERMISSION)
    draft = compile_flow(catalogue, subject_type, settings, ctx.plugins)
    return await _publish(ctx, draft, note, base_version)


async def count_needing(ctx: Context, catalogue: StepCatalogue, plugin: str) -> Needing:
    """Count the open subjects that wait at a step of a plugin or still have it ahead."""
    subjects = 0
    by_step: Counter[str] = Counter()
    for subject_type in catalogue.subject_types:
        for group in await _read_progress(ctx, subject_type):
            needed = [
                step
                for step in steps_ahead(group.definition, group.progress.resolved, group.progress.reached)
                if (defined := group.definition.step(step)) is not None and defined.plugin == plugin
            ]
            by_step.update(dict.fromkeys(needed, group.instances))
            subjects += group.instances if needed else 0
    return Needing(subjects, by_step)


async def drain_plugin(ctx: Context, catalogue: StepCatalogue, plugin: str) -> list[FlowVersion]:
    """Publish the flows that have a step of a plugin anew without it, so that no new subject needs it.

    Part of switching a plugin off: a subject that started under a flow with its steps would be blocked.
    """
    published: list[FlowVersion] = []
    for subject_type in catalogue.subject_types:
        current = await read_current(ctx, subject_type)
        if current is None:
            continue
        steps = frozenset(step.step for step in current.definition.enabled_steps() if step.plugin == plugin)
        if steps:
            settings = switch_off(current.definition.settings(), steps)
            draft = compile_flow(catalogue, subject_type, settings, ctx.plugins - {plugin})
            published.append(await _publish(ctx, draft, "", current.version))
    return published


async def _publish(ctx: Context, draft: Definition, note: str, base_version: int | None) -> FlowVersion:
    current = await read_current(ctx, draft.subject)
    version = current.version if current else 0
    print_ = fingerprint(encode(draft))
    if base_version is not None and base_version != version:
        raise _published_meanwhile()
    if current is None or current.fingerprint != print_:
        by = ActorRef(ctx.actor.name, ctx.actor.kind, ctx.actor.role_name, ctx.actor.membership_id)
        if not await append(ctx, draft, version + 1, note, by):
            raise _published_meanwhile()
        await ctx.audit(
            "workflow.flow.published",
            draft.subject,
            before={"version": version, "steps": _step_ids(current.definition)} if current else None,
            after={"version": version + 1, "steps": _step_ids(draft)},
            note=note,
            fingerprint=print_,
        )
    return (await flow_versions(ctx, draft.subject))[0]


def _step_ids(definition: Definition) -> list[str]:
    return [step.step for step in definition.enabled_steps()]


async def _read_progress(ctx: Context, subject_type: str) -> list[_Group]:
    """Group the open subjects by their way: many subjects, few ways."""
    groups: list[_Group] = []
    for row in await ctx.db.fetch(_PROGRESS, ctx.tenant.id, subject_type):
        definition = await load(ctx, subject_type, row["version"], row["fingerprint"])
        progress = Progress(frozenset(row["resolved"]), tuple(row["reached"]))
        groups.append(_Group(definition, progress, row["instances"]))
    return groups


def _published_meanwhile() -> Conflict:
    return Conflict(
        N_("Somebody else has published this flow in the meantime. Reload the page and look at it again.")
    )
