"""What the kernel itself does after the answer and by the clock."""

from datetime import timedelta
from typing import TYPE_CHECKING

from headgate_sdk.jobs import Schedule

from headgate_kernel.jobs.kinds import KernelJob, KernelSchedule, NoDetails
from headgate_kernel.notify.messages import JOB as SEND
from headgate_kernel.notify.messages import SendMessage
from headgate_kernel.notify.sending import deliver, forget_old_messages

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel


async def drop_expired_sessions(kernel: "Kernel", tenant_id: int, payload: NoDetails) -> None:  # noqa: ARG001
    """Remove sessions that ended by time, and what slows guessing down no more."""
    await kernel.sessions.drop_expired()


async def drop_old_messages(kernel: "Kernel", tenant_id: int, payload: NoDetails) -> None:  # noqa: ARG001
    """Forget which messages were sent long ago."""
    await forget_old_messages(kernel)


KERNEL_JOBS: list[KernelJob] = [
    KernelJob(SEND, SendMessage, deliver, timeout=timedelta(minutes=2)),
    KernelJob("headgate.notify.forget", NoDetails, drop_old_messages),
    KernelJob("headgate.sessions.drop_expired", NoDetails, drop_expired_sessions),
]

KERNEL_SCHEDULES: list[KernelSchedule] = [
    KernelSchedule(Schedule("headgate.notify.forget", daily_at="03:10")),
    KernelSchedule(Schedule("headgate.sessions.drop_expired", every=timedelta(hours=1))),
]
