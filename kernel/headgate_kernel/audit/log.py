"""Append to a tenant's audit log, and to the platform's.

An entry is written in the transaction of the deed, beside a note that it waits to be sealed; `sealing` links
it into the chain once it is committed, so that no order ever waits for another at the head of a chain.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from headgate_sdk.context import Actor, Context
from headgate_sdk.database import Database
from headgate_sdk.ids import new_id

from headgate_kernel.observe.current import current_request_id

PLATFORM = 0
"""Number under which the platform's own chain is kept."""


async def append_entry(ctx: Context, action: str, subject: str, details: Mapping[str, object]) -> None:
    """Append what the context's actor did, in the same transaction as the deed.

    Args:
        ctx: who and when.
        action: what was done, e.g. `plugin.activate`.
        subject: to what, e.g. an id or a name.
        details: before, after, reason; values that JSON can carry. A `Secret` among them shows as dots.
    """
    actor = ctx.actor
    await ctx.db.execute(
        _TENANTS, new_id(), ctx.clock.now(), actor.membership_id, actor.name, action, subject,
        encode_details(details), actor.kind, actor.person_id, actor.operator, actor.operator_id,
        ctx.request_id or current_request_id(), ctx.address, ctx.tenant.id,
    )  # fmt: skip


async def append_platform_entry(
    db: Database,
    *,
    actor: Actor,
    action: str,
    subject: str,
    details: Mapping[str, object],
    now: datetime,
    request_id: str = "",
    address: str = "",
) -> None:
    """Append a deed of somebody who runs the platform, in the same transaction as the deed.

    Args:
        db: a platform scope.
        actor: the operator, or the system.
        action: what was done, e.g. `tenant.suspend`.
        subject: to what, e.g. the short name of a tenant.
        details: before, after, reason; values that JSON can carry.
        now: when.
        request_id: of the request; by default the one that is being served.
        address: network address of who asked.
    """
    await db.execute(
        _PLATFORMS, new_id(), now, actor.membership_id, actor.name, action, subject,
        encode_details(details), actor.kind, actor.person_id, actor.operator, actor.operator_id,
        request_id or current_request_id(), address, PLATFORM,
    )  # fmt: skip


def encode_details(details: Mapping[str, object]) -> str:
    """Write details as JSON; a value of a type that JSON lacks is written as its text."""
    return msgspec.json.encode(details, enc_hook=str).decode()


_COLUMNS = """id, at, actor_id, actor_name, action, subject, details, actor_kind, person_id, operator_name,
        operator_id, request_id, address"""
_VALUES = "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13"
_TENANTS = f"""
WITH entry AS (
    INSERT INTO audit_entry (tenant_id, {_COLUMNS}) VALUES ($14, {_VALUES})
)
INSERT INTO audit_unsealed (tenant_id, entry_id) VALUES ($14, $1)
"""  # noqa: S608 (names of our own)
_PLATFORMS = f"""
WITH entry AS (
    INSERT INTO platform_audit_entry ({_COLUMNS}) VALUES ({_VALUES})
)
INSERT INTO audit_unsealed (tenant_id, entry_id) VALUES ($14, $1)
"""  # noqa: S608 (names of our own)
