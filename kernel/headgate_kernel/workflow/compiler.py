"""Step catalogue and a tenant's settings to a definition, or to named findings."""

import msgspec
from headgate_sdk.workflow import (
    Finding,
    FlowInvalid,
    FlowSettings,
    PhaseSettings,
    StepSetting,
    StepType,
    SubjectType,
)

from headgate_kernel.workflow.catalogue import StepCatalogue
from headgate_kernel.workflow.checks import CHECKS, placed
from headgate_kernel.workflow.definition import DefinedPhase, DefinedStep, Definition


def find_faults(
    catalogue: StepCatalogue, subject_type: str, settings: FlowSettings, plugins: frozenset[str]
) -> tuple[Finding, ...]:
    """Run every publish check and give all findings, none hidden behind another."""
    subject = catalogue.subject(subject_type)
    steps = {step.id: step for step in catalogue.steps_for(subject_type, plugins)}
    return tuple(finding for check in CHECKS for finding in check(subject, steps, settings))


def compile_flow(
    catalogue: StepCatalogue, subject_type: str, settings: FlowSettings, plugins: frozenset[str]
) -> Definition:
    """Make the immutable definition of a flow.

    Steps of plugins that are off may stay in the settings, switched off: they keep their place.

    Raises:
        FlowInvalid: with all findings.
    """
    findings = find_faults(catalogue, subject_type, settings, plugins)
    if findings:
        raise FlowInvalid(findings)
    subject = catalogue.subject(subject_type)
    groups = {phase.phase: phase.groups for phase in settings.phases}
    return Definition(
        subject=subject.id,
        cancel_before=subject.cancel_before,
        phases=tuple(
            DefinedPhase(
                id=phase.id,
                milestone=phase.milestone,
                name=phase.name,
                milestone_name=phase.milestone_name or phase.milestone,
                groups=_defined(catalogue, groups.get(phase.id, ())),
            )
            for phase in subject.phases
        ),
    )


def arrange(
    catalogue: StepCatalogue,
    subject_type: str,
    settings: FlowSettings,
    plugins: frozenset[str],
    *,
    switch_on_new: bool,
) -> FlowSettings:
    """Put step types that the settings do not mention at the end of the first phase they may stand in.

    Args:
        catalogue: of the installed plugins.
        subject_type: whose flow.
        settings: as published, or the subject's default.
        plugins: active for the tenant.
        switch_on_new: follow a new step's `default_on`, for a flow that nobody edited; else it stays off.
    """
    subject = catalogue.subject(subject_type)
    mentioned = {setting.step for _, setting in placed(settings)}
    groups: dict[str, list[tuple[StepSetting, ...]]] = {phase.id: [] for phase in subject.phases} | {
        phase.phase: list(phase.groups) for phase in settings.phases
    }
    for step in catalogue.steps_for(subject_type, plugins):
        if step.id not in mentioned:
            setting = StepSetting(step.id, enabled=switch_on_new and step.default_on)
            groups[step.phases[0]].append((setting,))
    return FlowSettings(tuple(PhaseSettings(phase, tuple(members)) for phase, members in groups.items()))


def default_flow(catalogue: StepCatalogue, subject: SubjectType, plugins: frozenset[str]) -> FlowSettings:
    """Give the flow of a tenant that never edited one: the subject's, with active plugins' steps only."""
    available = {step.id for step in catalogue.steps_for(subject.id, plugins)}
    kept = FlowSettings(
        tuple(
            PhaseSettings(
                phase.phase,
                tuple(
                    tuple(setting for setting in group if setting.step in available) for group in phase.groups
                ),
            )
            for phase in subject.default_flow.phases
        )
    )
    return arrange(catalogue, subject.id, kept, plugins, switch_on_new=True)


def switch_off(settings: FlowSettings, steps: frozenset[str]) -> FlowSettings:
    """Give the settings with these steps switched off, in their places."""
    return FlowSettings(
        tuple(
            PhaseSettings(
                phase.phase,
                tuple(
                    tuple(
                        msgspec.structs.replace(
                            setting, enabled=setting.enabled and setting.step not in steps
                        )
                        for setting in group
                    )
                    for group in phase.groups
                ),
            )
            for phase in settings.phases
        )
    )


def _defined(
    catalogue: StepCatalogue, groups: tuple[tuple[StepSetting, ...], ...]
) -> tuple[tuple[DefinedStep, ...], ...]:
    """Join settings with declarations; a switched-off step whose code is gone is dropped."""
    joined = (
        tuple(
            _step(catalogue.step_types[setting.step], setting)
            for setting in group
            if setting.step in catalogue.step_types
        )
        for group in groups
    )
    return tuple(group for group in joined if group)


def _step(step: StepType, setting: StepSetting) -> DefinedStep:
    return DefinedStep(
        step=step.id,
        name=step.name,
        kind=step.kind,
        permission=step.permission,
        actor_role=step.actor_role,
        icon=step.icon,
        plugin=step.plugin,
        version=step.version,
        enabled=setting.enabled,
        policy=setting.policy,
        guard=setting.guard,
        deadline_hours=setting.deadline_hours,
    )
