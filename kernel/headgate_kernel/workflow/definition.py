"""A flow as data: compiled once, never changed, pinned by every instance that starts under it.

The document holds all that decides the way of an instance and all that is needed to show it, so that an order
is still readable when the plugin that declared a step is gone.
"""

import hashlib
from functools import cached_property

import msgspec
from headgate_sdk.workflow import ApprovalPolicy, FlowSettings, PhaseSettings, StepKind, StepSetting

FORMAT = 1


class DefinedStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step as it was when the flow was published: the plugin's declaration and the tenant's settings."""

    step: str
    name: str
    kind: StepKind
    permission: str
    actor_role: str
    icon: str
    plugin: str
    version: int
    enabled: bool
    policy: ApprovalPolicy | None = None
    guard: str | None = None
    deadline_hours: int | None = None


class DefinedPhase(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A phase with all its steps, those switched off included, so that the settings page shows them again."""

    id: str
    milestone: str
    name: str
    milestone_name: str
    groups: tuple[tuple[DefinedStep, ...], ...]

    @cached_property
    def enabled(self) -> tuple[tuple[DefinedStep, ...], ...]:
        """The groups that run: switched-on steps only, no empty group."""
        running = (tuple(step for step in group if step.enabled) for group in self.groups)
        return tuple(group for group in running if group)


class Definition(msgspec.Struct, frozen=True, kw_only=True):
    """A published flow. `cancel_before` is the milestone from which on it cannot be cancelled."""

    subject: str
    phases: tuple[DefinedPhase, ...]
    cancel_before: str | None = None
    format: int = FORMAT

    def milestones(self) -> tuple[str, ...]:
        """Give the milestones, in order."""
        return tuple(phase.milestone for phase in self.phases)

    def phase_of(self, step: str) -> DefinedPhase | None:
        """Find the phase in which a switched-on step stands."""
        for phase in self.phases:
            if any(member.step == step for group in phase.enabled for member in group):
                return phase
        return None

    def step(self, step: str) -> DefinedStep | None:
        """Find a step, on or off."""
        for phase in self.phases:
            for group in phase.groups:
                for member in group:
                    if member.step == step:
                        return member
        return None

    def enabled_steps(self) -> tuple[DefinedStep, ...]:
        """Give all switched-on steps in the order in which they run."""
        return tuple(step for phase in self.phases for group in phase.enabled for step in group)

    def settings(self) -> FlowSettings:
        """Give back the settings that it was compiled from."""
        return FlowSettings(
            tuple(
                PhaseSettings(
                    phase.id, tuple(tuple(_setting(step) for step in group) for group in phase.groups)
                )
                for phase in self.phases
            )
        )


def _setting(step: DefinedStep) -> StepSetting:
    return StepSetting(step.step, step.enabled, step.policy, step.guard, step.deadline_hours)


_decoder = msgspec.json.Decoder(Definition)


def encode(definition: Definition) -> bytes:
    """Write the canonical form: sorted keys, no white space, UTF-8; equal flows give equal bytes."""
    return msgspec.json.encode(definition, order="sorted")


def decode(document: bytes | str) -> Definition:
    """Read a definition back."""
    return _decoder.decode(document)


def fingerprint(document: bytes) -> str:
    """Give the SHA-256 of a canonical document, in hexadecimal."""
    return hashlib.sha256(document).hexdigest()
