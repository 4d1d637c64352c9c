"""From one host of this system to another without signing in again: a code, good for one minute and once."""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.identity.opening import Opened, open_session
from headgate_kernel.identity.sessions import hash_token, new_token, plain

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

GOOD_FOR = timedelta(seconds=60)


async def create_handoff(
    kernel: "Kernel", *, person_id: UUID, tenant_id: TenantId, impersonation_id: UUID | None = None
) -> str:
    """Let a person who is signed in here in at a tenant's host.

    Args:
        kernel: of the process.
        person_id: who; in whose place, inside an impersonation.
        tenant_id: where; the code is worth nothing at another host.
        impersonation_id: an operator acts in the person's place.

    Returns:
        The path `/handoff?code=…` on the tenant's host.
    """
    code, now = new_token(), kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            """
            INSERT INTO handoff (code_hash, person_id, tenant_id, impersonation_id, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            hash_token(code), person_id, tenant_id, impersonation_id, now, now + GOOD_FOR,
        )  # fmt: skip
    return f"/handoff?code={code}"


async def redeem_handoff(
    kernel: "Kernel",
    code: str,
    *,
    tenant_id: TenantId,
    address: str,
    user_agent: str,
    device: str | None,
    previous_token: str = "",
) -> Opened:
    """Open a session for who brings a code.

    Args:
        kernel: of the process.
        code: that was made for this tenant.
        tenant_id: whose host was asked.
        address: of the caller.
        user_agent: kept with the session.
        device: token by which the browser is known.
        previous_token: of the session that the browser had.

    Raises:
        Invalid: it was used, is too old, or is for another host; all the same.
        Forbidden: the person has no place there any more.
    """
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(
            """
            DELETE FROM handoff WHERE code_hash = $1 AND tenant_id = $2
            RETURNING person_id, impersonation_id, expires_at
            """,
            hash_token(plain(code)), tenant_id,
        )  # fmt: skip
    if row is None or row["expires_at"] <= kernel.clock.now():
        raise Invalid(N_("This link was used already or is too old. Go back and follow it again."))
    return await open_session(
        kernel, person_id=row["person_id"], tenant_id=tenant_id, method="handoff", address=address,
        user_agent=user_agent, device=device, previous_token=previous_token,
        impersonation_id=row["impersonation_id"],
    )  # fmt: skip
