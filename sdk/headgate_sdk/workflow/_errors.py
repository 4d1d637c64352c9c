"""What the engine refuses, each refusal by its own name."""

from collections.abc import Sequence

import msgspec

from headgate_sdk.errors import Conflict, Forbidden, Invalid, InvalidFields, NotFound


class Finding(msgspec.Struct, frozen=True):
    """What keeps a flow from being published.

    Args:
        check: name of the check.
        card: step or phase that it concerns.
        field: of the card: `step`, `phase`, `guard`, `policy` or `deadline_hours`.
        message: English msgid, what is wrong and what to do.
        params: values for the message.
    """

    check: str
    card: str
    field: str
    message: str
    params: dict[str, str] = {}


class NotStarted(NotFound):
    """The subject has no flow."""

    code = "workflow_not_started"


class AlreadyStarted(Conflict):
    """The subject has a flow already."""

    code = "workflow_already_started"


class UnknownStep(NotFound):
    """The pinned flow has no such step, or it is switched off there."""

    code = "workflow_unknown_step"


class StepNotOpen(Conflict):
    """The step is done already, or its turn has not come, or the flow has ended."""

    code = "workflow_step_not_open"


class StepBlocked(Conflict):
    """The step's plugin is off or missing."""

    code = "workflow_step_blocked"


class StaleSequence(Conflict):
    """Somebody else changed the subject since it was read."""

    code = "workflow_stale"


class CannotCancel(Conflict):
    """It is too late to cancel, or it has ended."""

    code = "workflow_cannot_cancel"


class NotAllowed(Forbidden):
    """The command is not for this kind of actor."""

    code = "workflow_not_allowed"


class FlowInvalid(InvalidFields):
    """A flow cannot be published; each finding names its card and field."""

    code = "workflow_flow_invalid"

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(
            [
                Invalid(finding.message, field=f"{finding.card}.{finding.field}", row=None, **finding.params)
                for finding in self.findings
            ]
        )
