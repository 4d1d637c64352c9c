"""Append to a tenant's audit log."""

from collections.abc import Mapping

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.ids import new_id


async def append_entry(ctx: Context, action: str, subject: str, details: Mapping[str, object]) -> None:
    """Append what the context's actor did, in the same transaction as the deed.

    Args:
        ctx: who and when.
        action: what was done, e.g. `plugin.activate`.
        subject: to what, e.g. an id or a name.
        details: before, after, reason; values that JSON can carry.
    """
    await ctx.db.execute(
        """
        INSERT INTO audit_entry (tenant_id, id, at, actor_id, actor_name, action, subject, details)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        ctx.tenant.id, new_id(), ctx.clock.now(), ctx.actor.membership_id, ctx.actor.name, action, subject,
        msgspec.json.encode(details).decode(),
    )  # fmt: skip
