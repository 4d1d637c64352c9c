"""What a distributor arranges: which steps stand in which phase, in which order, under which conditions."""

from typing import Literal

import msgspec


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """Who must approve from an amount upwards.

    Args:
        from_amount: in minor units.
        approver: role, person or rule, e.g. `role:finance`.
        mode: any one, all, or `count` of them.
        count: how many, for `n_of`.
        differs_from: who must be another human: `placer`, or the id of a step.
        escalate_after_hours: to whom it goes is the escalation rule's matter.
        on_timeout: never approves by itself.
    """

    from_amount: int
    approver: str
    mode: Literal["any", "all", "n_of"] = "any"
    count: int = 1
    differs_from: tuple[str, ...] = ()
    escalate_after_hours: int | None = None
    on_timeout: Literal["escalate", "reject", "hold"] = "hold"


class ApprovalPolicy(msgspec.Struct, frozen=True):
    """Approval by tiers; without a policy any one person with the step's permission approves."""

    tiers: tuple[Tier, ...]


class StepSetting(msgspec.Struct, frozen=True):
    """A distributor's settings of one step.

    Args:
        step: id of the step type.
        enabled: switched on.
        policy: approval tiers.
        guard: expression over the facts; the step is skipped where it is false.
        deadline_hours: how long it may stay open.
    """

    step: str
    enabled: bool = True
    policy: ApprovalPolicy | None = None
    guard: str | None = None
    deadline_hours: int | None = None


class PhaseSettings(msgspec.Struct, frozen=True):
    """The steps of one phase: groups run one after another, the members of a group in parallel."""

    phase: str
    groups: tuple[tuple[StepSetting, ...], ...] = ()


class FlowSettings(msgspec.Struct, frozen=True):
    """A whole flow as a distributor arranges it. A phase left out has no steps."""

    phases: tuple[PhaseSettings, ...] = ()
