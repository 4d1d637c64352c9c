"""What the kernel itself does after the answer and by the clock."""

from datetime import timedelta
from typing import TYPE_CHECKING

from headgate_sdk.jobs import Schedule

from headgate_kernel.audit.jobs import seal_waiting, verify_one, verify_platform
from headgate_kernel.identity.phone_codes import JOB as SEND_PHONE_CODE
from headgate_kernel.identity.phone_codes import SendPhoneCode, send_code
from headgate_kernel.identity.resets import RESET_JOB
from headgate_kernel.jobs.kinds import KernelJob, KernelSchedule, NoDetails
from headgate_kernel.notify.messages import JOB as SEND
from headgate_kernel.notify.messages import SendMessage
from headgate_kernel.notify.sending import deliver, forget_old_messages
from headgate_kernel.portability.requests import JOB as ERASE
from headgate_kernel.portability.requests import EraseTenant, erase
from headgate_kernel.quotas.notices import JOB as WARN_OF_USAGE
from headgate_kernel.quotas.notices import warn_of_usage
from headgate_kernel.tenancy.figures import gather_figures
from headgate_kernel.tenancy.sample_job import JOB as SAMPLE_JOB

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel


async def drop_expired_sessions(kernel: "Kernel", tenant_id: int, payload: NoDetails) -> None:
    """Remove sessions that ended by time, and what slows guessing down no more."""
    await kernel.sessions.drop_expired()


async def drop_old_messages(kernel: "Kernel", tenant_id: int, payload: NoDetails) -> None:
    """Forget which messages were sent long ago."""
    await forget_old_messages(kernel)


KERNEL_JOBS: list[KernelJob] = [
    RESET_JOB,
    SAMPLE_JOB,
    KernelJob("headgate.figures.gather", NoDetails, gather_figures, timeout=timedelta(minutes=5)),
    KernelJob(SEND, SendMessage, deliver, timeout=timedelta(minutes=2)),
    KernelJob(SEND_PHONE_CODE, SendPhoneCode, send_code, max_attempts=4),
    KernelJob("headgate.notify.forget", NoDetails, drop_old_messages),
    KernelJob("headgate.sessions.drop_expired", NoDetails, drop_expired_sessions),
    KernelJob("headgate.audit.seal", NoDetails, seal_waiting, timeout=timedelta(minutes=10)),
    KernelJob(
        "headgate.audit.verify", NoDetails, verify_one, timeout=timedelta(minutes=30), while_suspended=True
    ),
    KernelJob("headgate.audit.verify_platform", NoDetails, verify_platform, timeout=timedelta(minutes=30)),
    KernelJob(WARN_OF_USAGE, NoDetails, warn_of_usage, timeout=timedelta(minutes=5)),
    KernelJob(ERASE, EraseTenant, erase, timeout=timedelta(minutes=30)),
]

KERNEL_SCHEDULES: list[KernelSchedule] = [
    KernelSchedule(Schedule("headgate.notify.forget", daily_at="03:10")),
    KernelSchedule(Schedule("headgate.sessions.drop_expired", every=timedelta(hours=1))),
    KernelSchedule(Schedule("headgate.figures.gather", every=timedelta(minutes=5))),
    KernelSchedule(Schedule(WARN_OF_USAGE, every=timedelta(minutes=5))),
    KernelSchedule(Schedule("headgate.audit.seal", every=timedelta(seconds=10))),
    KernelSchedule(Schedule("headgate.audit.verify", daily_at="03:40"), each_tenant=True),
    KernelSchedule(Schedule("headgate.audit.verify_platform", daily_at="19:40")),
]
