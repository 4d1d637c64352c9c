"""No distributor is left without an owner, whoever changes what at the same moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict
from headgate_sdk.i18n import N_

from headgate_kernel.identity.invitations import UNACCEPTED

_LOCK = 7226007
_OWNERS = f"""
SELECT count(DISTINCT m.id)
FROM role r
JOIN membership_role mr ON mr.tenant_id = $1 AND mr.role_id = r.id
JOIN membership m ON m.tenant_id = $1 AND m.id = mr.membership_id
WHERE r.tenant_id = $1 AND '*' = ANY(r.permissions) AND m.kind = 'staff' AND m.state = 'active'
  AND NOT {UNACCEPTED}
"""  # noqa: S608


@asynccontextmanager
async def keeping_an_owner(ctx: Context) -> AsyncIterator[None]:
    """Change people or roles one at a time, and only so that an owner stays who can sign in.

    Who has not taken up the invitation yet does not count. A change that is refused is undone.

    Raises:
        Conflict: the change would leave the distributor without an owner.
    """
    await ctx.db.execute("SELECT pg_advisory_xact_lock($1, $2)", _LOCK, ctx.tenant.id)
    before = await ctx.db.fetch_value(_OWNERS, ctx.tenant.id)
    async with ctx.db.savepoint():
        yield
        if before and not await ctx.db.fetch_value(_OWNERS, ctx.tenant.id):
            raise Conflict(
                N_("Nobody could do everything here any more. Make somebody else an owner first."),
                field="roles",
            )
