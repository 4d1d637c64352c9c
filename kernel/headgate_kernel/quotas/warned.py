"""Who has nearly used up a plan, for those who run the platform."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from headgate_kernel.quotas.usage import Usage, usage_of

if TYPE_CHECKING:
    from headgate_sdk.database import Database

MOST = 200


class WarnedTenant(msgspec.Struct, frozen=True):
    """A tenant with a meter that is nearly or all used.

    Args:
        slug: short name.
        name: as people call it.
        plan: name of its plan is looked up by this key.
        usage: of the meter.
    """

    slug: str
    name: str
    plan: str
    usage: Usage


async def list_warned(db: "Database", *, now: datetime) -> list[WarnedTenant]:
    """Give those that were warned and still are near or beyond what is included, the fullest first.

    Args:
        db: a platform scope.
        now: the time.
    """
    rows = await db.fetch(_WARNED, MOST)
    usage = await usage_of(db, [row["id"] for row in rows], now=now)
    found = [
        WarnedTenant(row["slug"], row["name"], row["plan"], one)
        for row in rows
        for one in usage[row["id"]]
        if one.state != "ok"
    ]
    return sorted(found, key=lambda one: one.usage.share or 0, reverse=True)


_WARNED = """
SELECT t.id, t.slug, t.name,
       coalesce(t.plan, (SELECT d.key FROM plan d ORDER BY d.position LIMIT 1)) AS plan
FROM tenant t
WHERE EXISTS (SELECT FROM quota_notice n WHERE n.tenant_id = t.id AND n.holds)
ORDER BY t.id LIMIT $1
"""
