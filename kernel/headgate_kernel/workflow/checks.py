"""What keeps a flow from being published: one rule, one function.

A rule gets the settings and the step types that the tenant may use, and yields findings that name a card and
a field of the settings page. Settings that the engine could not honour are refused, never ignored.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from headgate_sdk.i18n import N_
from headgate_sdk.workflow import Finding, FlowSettings, StepSetting, StepType, SubjectType

Steps = dict[str, StepType]
Check = Callable[[SubjectType, Steps, FlowSettings], Iterator[Finding]]


def placed(settings: FlowSettings) -> Iterator[tuple[str, StepSetting]]:
    """Give every step with the phase in which it was put."""
    for phase in settings.phases:
        for group in phase.groups:
            for setting in group:
                yield phase.phase, setting


def phases_known(subject: SubjectType, steps: Steps, settings: FlowSettings) -> Iterator[Finding]:
    """Every phase is one of the subject's."""
    known = {phase.id for phase in subject.phases}
    for phase in settings.phases:
        if phase.phase not in known:
            yield Finding(
                "phases_known", phase.phase, "phase", N_("There is no phase {phase}."), {"phase": phase.phase}
            )


def phases_once(subject: SubjectType, steps: Steps, settings: FlowSettings) -> Iterator[Finding]:
    """No phase is listed twice."""
    for phase, times in Counter(item.phase for item in settings.phases).items():
        if times > 1:
            yield Finding(
                "phases_once", phase, "phase", N_("The phase {phase} is listed twice."), {"phase": phase}
            )


def steps_known(subject: SubjectType, steps: Steps, settings: FlowSettings) -> Iterator[Finding]:
    """Every step that is switched on comes from an active plugin and is made for this subject."""
    for _, setting in placed(settings):
        if setting.enabled and setting.step not in steps:
            yield Finding(
                "steps_known", setting.step, "step",
                N_("The step {step} is not available: switch its plugin on, or switch the step off."),
                {"step": setting.step},
            )  # fmt: skip


def steps_once(subject: SubjectType, steps: Steps, settings: FlowSettings) -> Iterator[Finding]:
    """No step stands twice in the flow."""
    for step, times in Counter(setting.step for _, setting in placed(settings)).items():
        if times > 1:
            yield Finding(
                "steps_once", step, "step",
                N_("The step {step} stands in the flow twice. Remove one."), {"step": step},
            )  # fmt: skip


def phases_legal(subject: SubjectType, steps: Steps, settings: FlowSettings) -> Iterator[Finding]:
    """Every step stands in a phase that its type allows."""
    for phase, setting in placed(settings):
        step = steps.get(setting.step)
        if step is not None and phase not in step.phases:
            yield Finding(
                "phases_legal", setting.step, "phase",
                N_("The step {step} cannot stand in the phase {phase}. Allowed: {allowed}."),
                {"step": setting.step, "phase": phase, "allowed": ", ".join(step.phases)},
            )  # fmt: skip


def guards_run(subject: SubjectType, steps: Steps, settings: FlowSettings) -> Iterator[Finding]:
    """No step has a condition: this version of the engine does not evaluate them."""
    for _, setting in placed(settings):
        if setting.guard is not None:
            yield Finding(
                "guards_run", setting.step, "guard",
                N_("Conditions on steps are not supported by this version. Remove the condition."),
            )  # fmt: skip


def tiers_run(subject: SubjectType, steps: Steps, settings: FlowSettings) -> Iterator[Finding]:
    """No step has approval tiers: in this version any one person with the permission approves."""
    for _, setting in placed(settings):
        if setting.policy is not None:
            yield Finding(
                "tiers_run", setting.step, "policy",
                N_("Approval tiers are not supported by this version: any one person with the permission"
                   " approves. Remove the tiers."),
            )  # fmt: skip


def deadlines_run(subject: SubjectType, steps: Steps, settings: FlowSettings) -> Iterator[Finding]:
    """No step has a deadline: this version of the engine runs no timers."""
    for _, setting in placed(settings):
        if setting.deadline_hours is not None:
            yield Finding(
                "deadlines_run", setting.step, "deadline_hours",
                N_("Deadlines are not supported by this version. Remove the deadline."),
            )  # fmt: skip


CHECKS: tuple[Check, ...] = (
    phases_known,
    phases_once,
    steps_known,
    steps_once,
    phases_legal,
    guards_run,
    tiers_run,
    deadlines_run,
)
