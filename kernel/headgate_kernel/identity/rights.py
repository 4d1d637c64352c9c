"""What people may do has changed: this process forgets what it holds of it; others do within two seconds."""

from typing import TYPE_CHECKING

from headgate_kernel.database.unit_of_work import current_unit_of_work

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel


def rights_changed(kernel: "Kernel") -> None:
    """Forget sessions and tokens that are held in memory, once the change is committed."""
    unit = current_unit_of_work()
    unit.after_commit(kernel.tokens.forget)
    unit.after_commit(kernel.sessions.forget_all)
