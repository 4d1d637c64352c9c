"""A flow as a blueprint writes it, steps that are on in their order, and as the engine has it, by phase."""

from collections.abc import Iterable, Iterator

from headgate_sdk.blueprint import BlueprintProblem, FlowEntry
from headgate_sdk.i18n import N_
from headgate_sdk.workflow import FlowSettings, PhaseSettings, StepSetting, StepType

from headgate_kernel.tenancy.shape import Path, nearest
from headgate_kernel.workflow.catalogue import StepCatalogue


def flow_settings(
    catalogue: StepCatalogue, subject_type: str, entry: FlowEntry, plugins: frozenset[str]
) -> FlowSettings:
    """Put the steps of a sound entry, in their order, into their phases; all others are off."""
    available = {step.id: step for step in catalogue.steps_for(subject_type, plugins)}
    groups = [tuple(group) for _, group in _groups(entry)]
    on = {step for group in groups for step in group}
    return FlowSettings(
        tuple(
            PhaseSettings(
                phase.id,
                (
                    *(
                        tuple(StepSetting(step) for step in group)
                        for group in groups
                        if group and _phase(entry, available[group[0]]) == phase.id
                    ),
                    *(
                        (StepSetting(step, enabled=False),)
                        for step in available
                        if step not in on and available[step].phases[0] == phase.id
                    ),
                ),
            )
            for phase in catalogue.subject(subject_type).phases
        )
    )


def flow_entry(catalogue: StepCatalogue, settings: FlowSettings) -> FlowEntry:
    """Write the steps that are on; the same flow is always written the same way."""
    steps: list[str | tuple[str, ...]] = []
    elsewhere: dict[str, str] = {}
    for phase in settings.phases:
        for group in phase.groups:
            on = tuple(setting.step for setting in group if setting.enabled)
            if on:
                steps.append(on[0] if len(on) == 1 else on)
            for step in on:
                kind = catalogue.step_types.get(step)
                if kind is not None and kind.phases[0] != phase.phase:
                    elsewhere[step] = phase.phase
    return FlowEntry(tuple(steps), dict(sorted(elsewhere.items())))


def flow_problems(
    catalogue: StepCatalogue, subject_type: str, entry: FlowEntry, plugins: frozenset[str]
) -> Iterator[BlueprintProblem]:
    """Give everything that is wrong with an entry."""
    path: Path = ("flow", subject_type)
    subject = catalogue.subject_types.get(subject_type)
    if subject is None or subject.plugin not in plugins:
        known = [one for one, kind in catalogue.subject_types.items() if kind.plugin in plugins]
        yield unknown(
            path, subject_type, known, N_("No plugin that is switched on has a flow for {name}."),
            N_("No plugin that is switched on has a flow for {name}. Did you mean {meant}?"),
        )  # fmt: skip
        return
    available = {step.id: step for step in catalogue.steps_for(subject_type, plugins)}
    yield from _step_problems(path, entry, available)
    yield from _phase_problems(path, entry, available)


def _step_problems(
    path: Path, entry: FlowEntry, available: dict[str, StepType]
) -> Iterator[BlueprintProblem]:
    seen: set[str] = set()
    for place, group in _groups(entry):
        for member, step in enumerate(group):
            at: Path = (*path, "steps", place)
            if isinstance(entry.steps[place], tuple):
                at = (*at, member)
            if step not in available:
                yield unknown(
                    at, step, available, N_("No plugin that is switched on has the step {name}."),
                    N_("No plugin that is switched on has the step {name}. Did you mean {meant}?"),
                )  # fmt: skip
            elif step in seen:
                yield BlueprintProblem(at, N_("{name} is here twice. Leave one out."), {"name": step})
            seen.add(step)


def _phase_problems(
    path: Path, entry: FlowEntry, available: dict[str, StepType]
) -> Iterator[BlueprintProblem]:
    named = {step for _, group in _groups(entry) for step in group}
    for place, group in _groups(entry):
        if len({_phase(entry, available[step]) for step in group if step in available}) > 1:
            yield BlueprintProblem((*path, "steps", place), N_("Steps side by side stand in the same phase."))
    for step, phase in entry.phases.items():
        at = (*path, "phases", step)
        if step not in named:
            yield BlueprintProblem(at, N_("The step {name} is not among the steps."), {"name": step})
        elif step in available and phase not in available[step].phases:
            yield BlueprintProblem(
                at, N_("The step {step} cannot stand in the phase {phase}. Allowed: {allowed}."),
                {"step": step, "phase": phase, "allowed": ", ".join(available[step].phases)},
            )  # fmt: skip


def unknown(path: Path, name: str, known: Iterable[str], plain: str, with_guess: str) -> BlueprintProblem:
    """Say that there is no such thing, and what was probably meant.

    Args:
        path: where it stands.
        name: as written.
        known: names that there are.
        plain: English msgid with `{name}`.
        with_guess: the same with `{meant}`.
    """
    if meant := nearest(name, known):
        return BlueprintProblem(path, with_guess, {"name": name, "meant": meant})
    return BlueprintProblem(path, plain, {"name": name})


def _groups(entry: FlowEntry) -> Iterator[tuple[int, tuple[str, ...]]]:
    for place, step in enumerate(entry.steps):
        yield place, step if isinstance(step, tuple) else (step,)


def _phase(entry: FlowEntry, step: StepType) -> str:
    return entry.phases.get(step.id, step.phases[0])
