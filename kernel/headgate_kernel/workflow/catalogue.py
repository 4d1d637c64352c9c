"""All step and subject types of the installed plugins, and which of them a tenant may use."""

from collections.abc import Iterable

import msgspec
from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.workflow import StepType, SubjectType


class StepCatalogue(msgspec.Struct, frozen=True):
    """What plugins declared; made once at start by `StepCatalogue.of`."""

    step_types: dict[str, StepType]
    subject_types: dict[str, SubjectType]

    @classmethod
    def of(cls, step_types: Iterable[StepType], subject_types: Iterable[SubjectType]) -> "StepCatalogue":
        """Build the catalogue.

        Raises:
            ValueError: an id is declared twice, or a step names a phase or subject that nobody declares.
        """
        subjects: dict[str, SubjectType] = {}
        for subject in subject_types:
            if subject.id in subjects:
                raise ValueError(f"the subject type {subject.id!r} is declared twice")
            subjects[subject.id] = subject
        steps: dict[str, StepType] = {}
        for step in step_types:
            if step.id in steps:
                raise ValueError(f"the step type {step.id!r} is declared twice")
            _check_phases(step, subjects)
            steps[step.id] = step
        return cls(steps, subjects)

    def subject(self, subject_type: str) -> SubjectType:
        """Find a subject type.

        Raises:
            NotFound: no plugin declares it.
        """
        found = self.subject_types.get(subject_type)
        if found is None:
            raise NotFound(N_("There is no flow for {subject}."), subject=subject_type)
        return found

    def steps_for(self, subject_type: str, plugins: frozenset[str]) -> tuple[StepType, ...]:
        """Give the step types for a subject that the tenant's active plugins bring, in order of id."""
        return tuple(
            step
            for _, step in sorted(self.step_types.items())
            if step.subject == subject_type and step.plugin in plugins
        )

    def in_order(self, subject_type: str, plugins: frozenset[str]) -> tuple[StepType, ...]:
        """Give the same step types as people meet them: by phase, then as they were declared."""
        phases = [phase.id for phase in self.subject(subject_type).phases]
        return tuple(
            sorted(
                (s for s in self.step_types.values() if s.subject == subject_type and s.plugin in plugins),
                key=lambda step: phases.index(step.phases[0]),
            )
        )

    def blocking_plugin(self, step: str, plugin: str, plugins: frozenset[str]) -> str:
        """Name the plugin that keeps a step from being resolved because it is off or gone; else empty."""
        return "" if step in self.step_types and plugin in plugins else plugin


def _check_phases(step: StepType, subjects: dict[str, SubjectType]) -> None:
    subject = subjects.get(step.subject)
    if subject is None:
        raise ValueError(f"the step type {step.id!r} is for {step.subject!r}, which no plugin declares")
    legal = {phase.id for phase in subject.phases}
    if not step.phases or not legal.issuperset(step.phases):
        raise ValueError(
            f"the step type {step.id!r} needs phases out of {sorted(legal)}, not {step.phases!r}"
        )
