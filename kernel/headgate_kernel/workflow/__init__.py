"""The workflow engine: it knows no order, only subjects, phases, steps and milestones.

Read in this order: `definition` (a flow as immutable data), `frontier` (what is open now, a pure function),
`events` and `fold` (history is the truth), `commands` (command -> events), `timeline` (what people see).
These do no I/O. `store` keeps them in PostgreSQL, `engine` runs one command in one transaction, `flows`
publishes.
"""

from headgate_kernel.workflow.catalogue import StepCatalogue
from headgate_kernel.workflow.engine import WorkflowEngine

__all__ = ["StepCatalogue", "WorkflowEngine"]
