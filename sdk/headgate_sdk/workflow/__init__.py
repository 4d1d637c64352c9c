"""Flows that a distributor arranges: what a plugin declares, and what it asks of the engine.

A *subject type* (an order) runs through fixed *phases*; each ends in a *milestone*, and effects such as stock
and ledger hang on milestones only. Inside a phase stand *steps*, which a distributor switches on and off. A
step that is off can therefore never lose an effect or double it. The engine is reached by `ctx.workflow`.
"""

from headgate_sdk.workflow._engine import (
    Decision,
    Resolution,
    SubjectRef,
    Workflow,
)
from headgate_sdk.workflow._errors import (
    AlreadyStarted,
    CannotCancel,
    Finding,
    FlowInvalid,
    NotAllowed,
    NotStarted,
    StaleSequence,
    StepBlocked,
    StepNotOpen,
    UnknownStep,
)
from headgate_sdk.workflow._settings import (
    ApprovalPolicy,
    FlowSettings,
    PhaseSettings,
    StepSetting,
    Tier,
)
from headgate_sdk.workflow._types import (
    ActorRef,
    CancelHandler,
    Cause,
    Fact,
    FactType,
    FactValue,
    MilestoneHandler,
    Phase,
    StepKind,
    StepType,
    SubjectType,
)
from headgate_sdk.workflow._views import (
    HistoryEntry,
    Instance,
    InstanceState,
    MilestoneView,
    OpenTask,
    StepState,
    StepView,
)

__all__ = [
    "ActorRef",
    "AlreadyStarted",
    "ApprovalPolicy",
    "CancelHandler",
    "CannotCancel",
    "Cause",
    "Decision",
    "Fact",
    "FactType",
    "FactValue",
    "Finding",
    "FlowInvalid",
    "FlowSettings",
    "HistoryEntry",
    "Instance",
    "InstanceState",
    "MilestoneHandler",
    "MilestoneView",
    "NotAllowed",
    "NotStarted",
    "OpenTask",
    "Phase",
    "PhaseSettings",
    "Resolution",
    "StaleSequence",
    "StepBlocked",
    "StepKind",
    "StepNotOpen",
    "StepSetting",
    "StepState",
    "StepType",
    "StepView",
    "SubjectRef",
    "SubjectType",
    "Tier",
    "UnknownStep",
    "Workflow",
]
