"""Run one job to its outcome: errors are the protocol."""

import asyncio
import logging
from typing import TYPE_CHECKING

import asyncpg
import msgspec
from headgate_sdk.errors import HeadgateError, NotReady
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId
from headgate_sdk.jobs import GiveUp

from headgate_kernel.database.errors import DatabaseBusy, ServerUnreachable
from headgate_kernel.jobs.catalogue import Kind, kinds_of
from headgate_kernel.jobs.claims import Claim
from headgate_kernel.jobs.outcomes import (
    ErrorWords,
    Outcome,
    dead,
    done,
    failed,
    not_ready,
    waiting,
    words_of,
)
from headgate_kernel.observe.current import RequestNote, current_request

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel
    from headgate_kernel.tenancy.directory import Tenant

log = logging.getLogger(__name__)
UNKNOWN_ATTEMPTS = 8
DATABASE_GONE = (
    DatabaseBusy,
    ServerUnreachable,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
)
"""No fault of a job."""
TENANTS_HELD = 10_000


class JobRunner:
    """Runs jobs of all tenants.

    Args:
        kernel: of the process.
    """

    def __init__(self, kernel: "Kernel") -> None:
        self._kernel = kernel
        self._kinds = kinds_of(kernel)
        self._tenants: dict[int, Tenant] = {}

    async def run(self, claim: Claim) -> Outcome:
        """Run a job, in the task of its own that this is called in; what it raises is its outcome."""
        kind = self._kinds.get(claim.job)
        tenant = None
        if claim.tenant_id:
            tenant = await self._tenant(claim)
            if tenant is None:
                log.warning("job %s is dropped: there is no tenant %s", claim.job, claim.tenant_id)
                return done(claim)
            if claim.plugin and claim.plugin not in tenant.plugins:
                return waiting(claim)
            if tenant.state != "active" and not (kind is not None and kind.while_suspended):
                return waiting(claim)
        if kind is None:  # one that a newer version knows, perhaps
            words = ErrorWords("unknown_job", N_("This version has no job type {job}."), {"job": claim.job})
            return failed(claim, words, max_attempts=UNKNOWN_ATTEMPTS)
        if claim.attempts > kind.max_attempts:
            return dead(
                claim, ErrorWords("worker_lost", N_("Each worker that began it was lost before its end."))
            )
        try:
            payload = msgspec.json.decode(claim.payload, type=kind.payload)
        except msgspec.ValidationError as error:
            words = ErrorWords("bad_payload", N_("What it was told does not fit this version: {reason}"),
                               {"reason": str(error)})  # fmt: skip
            return dead(claim, words)
        return await self._attempt(claim, kind, tenant, payload)

    async def _attempt(
        self, claim: Claim, kind: Kind, tenant: "Tenant | None", payload: msgspec.Struct
    ) -> Outcome:
        note = RequestNote(claim.id.hex)  # so that lines of the log tell which job wrote them
        note.tenant, note.tenant_id = tenant.info.slug if tenant else "", claim.tenant_id
        current_request.set(note)
        try:
            async with asyncio.timeout(kind.seconds) as limit:
                await kind.call(self._kernel, claim.tenant_id, tenant, payload)
        except NotReady as error:
            log.info("job %s of tenant %s is put off: %s", claim.job, claim.tenant_id, error)
            return not_ready(claim, words_of(error))
        except DATABASE_GONE as error:
            log.warning("job %s of tenant %s is put off: %s", claim.job, claim.tenant_id, error)
            return not_ready(claim, words_of(error))
        except GiveUp as error:
            log.warning("job %s of tenant %s is given up: %s", claim.job, claim.tenant_id, error)
            return dead(claim, words_of(error))
        except HeadgateError as error:
            log.warning("job %s of tenant %s failed: %s", claim.job, claim.tenant_id, error)
            words = words_of(error)
        except (Exception, SystemExit) as error:
            log.exception("job %s of tenant %s failed", claim.job, claim.tenant_id)
            words = words_of(error)
            if isinstance(error, TimeoutError) and limit.expired():
                words = ErrorWords("timeout", N_("It took longer than {seconds} seconds and was stopped."),
                                   {"seconds": f"{kind.seconds:g}"})  # fmt: skip
        else:
            return done(claim)
        return failed(claim, words, max_attempts=kind.max_attempts)

    async def _tenant(self, claim: Claim) -> "Tenant | None":
        """Give the tenant as it was when the job was taken, or later."""
        held = self._tenants.get(claim.tenant_id)
        if held is not None and held.revision >= claim.revision:
            return held
        tenant = await self._kernel.directory.by_id(TenantId(claim.tenant_id))
        if tenant is not None:
            if len(self._tenants) >= TENANTS_HELD:
                self._tenants.clear()
            self._tenants[claim.tenant_id] = tenant
        return tenant
