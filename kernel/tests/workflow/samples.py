"""A subject with four phases and steps for them, as the order flow has them, but knowing no order."""

from datetime import UTC, datetime

from headgate_kernel.workflow.catalogue import StepCatalogue
from headgate_kernel.workflow.events import Stamp
from headgate_sdk.workflow import (
    ActorRef,
    Fact,
    FlowSettings,
    Phase,
    PhaseSettings,
    StepSetting,
    StepType,
    SubjectType,
)

PHASES = (
    Phase("pre_release", "released", "Before release", "Released"),
    Phase("pre_issue", "issued", "Before issue", "Issued"),
    Phase("pre_receipt", "received", "Before receipt", "Received"),
    Phase("pre_close", "completed", "Before closing", "Completed"),
)
MILESTONES = tuple(phase.milestone for phase in PHASES)


def flow(**phases: str) -> FlowSettings:
    """Write a flow as text: `flow(pre_release="a b|c -d")` is a, then b beside c, then d switched off."""
    return FlowSettings(
        tuple(
            PhaseSettings(
                phase,
                tuple(
                    tuple(
                        StepSetting(f"t.{step.removeprefix('-')}", enabled=not step.startswith("-"))
                        for step in group.split("|")
                    )
                    for group in groups.split()
                ),
            )
            for phase, groups in phases.items()
        )
    )


DEFAULT = flow(
    pre_release="sales finance", pre_issue="push outbound", pre_receipt="ship receive", pre_close="payment"
)


def step_type(name: str, *phases: str, kind="task", plugin="t", default_on=True) -> StepType:
    return StepType(
        id=f"{plugin}.{name}", name=name.title(), subject="t.order", phases=phases, kind=kind,
        permission=f"{plugin}.{name}", actor_role=f"{name} clerk", plugin=plugin, default_on=default_on,
    )  # fmt: skip


STEPS = (
    step_type("sales", "pre_release", kind="approval"),
    step_type("finance", "pre_release", "pre_issue", kind="approval"),
    step_type("push", "pre_release", "pre_issue"),
    step_type("outbound", "pre_issue", kind="approval"),
    step_type("ship", "pre_issue", "pre_receipt"),
    step_type("receive", "pre_receipt"),
    step_type("payment", "pre_close", "pre_receipt", "pre_release", kind="approval"),
    step_type("photo", "pre_receipt", plugin="camera", default_on=False),
)
SUBJECT = SubjectType(
    id="t.order", name="Order", phases=PHASES, default_flow=DEFAULT, cancel_before="issued",
    facts=(Fact("amount", "money"), Fact("group", "text")), plugin="t",
)  # fmt: skip
CATALOGUE = StepCatalogue.of(STEPS, [SUBJECT])
PLUGINS = frozenset({"t", "camera"})
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLERK = ActorRef("Wang Li", "staff", "Sales")
STAMP = Stamp(CLERK, NOON)
