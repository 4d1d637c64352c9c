"""What waits for somebody, longest waiting first, a page at a time by key."""

from collections.abc import Sequence

from headgate_sdk.context import Context
from headgate_sdk.workflow import OpenTask

# each step's queue is read from its own stretch of the index, then the heads are merged
_PAGE = """
SELECT page.subject_id, page.step, page.opened_at
FROM unnest($3::text[]) AS wanted (step) CROSS JOIN LATERAL (
    SELECT t.subject_id, t.step, t.opened_at FROM workflow_task t
    WHERE t.tenant_id = $1 AND t.subject_type = $2 AND t.step = wanted.step
    ORDER BY t.opened_at, t.subject_id LIMIT $4
) AS page ORDER BY page.opened_at, page.subject_id, page.step LIMIT $4
"""
_PAGE_AFTER = """
SELECT page.subject_id, page.step, page.opened_at
FROM unnest($3::text[]) AS wanted (step) CROSS JOIN LATERAL (
    SELECT t.subject_id, t.step, t.opened_at FROM workflow_task t
    WHERE t.tenant_id = $1 AND t.subject_type = $2 AND t.step = wanted.step
        AND (t.opened_at, t.subject_id) >= ($5, $6) AND (t.opened_at, t.subject_id, t.step) > ($5, $6, $7)
    ORDER BY t.opened_at, t.subject_id LIMIT $4
) AS page ORDER BY page.opened_at, page.subject_id, page.step LIMIT $4
"""
_COUNTS = """
SELECT step, count(*) AS waiting FROM workflow_task
WHERE tenant_id = $1 AND subject_type = $2 GROUP BY step
"""


async def read_page(
    ctx: Context, subject_type: str, steps: Sequence[str], after: OpenTask | None, limit: int
) -> list[OpenTask]:
    """Give a page of the tasks at these steps, after the last one of the page before."""
    wanted = sorted(set(steps))
    if after is None:
        return await ctx.db.fetch_as(OpenTask, _PAGE, ctx.tenant.id, subject_type, wanted, limit)
    return await ctx.db.fetch_as(
        OpenTask, _PAGE_AFTER, ctx.tenant.id, subject_type, wanted, limit, after.opened_at, after.subject_id,
        after.step,
    )  # fmt: skip


async def count_tasks(ctx: Context, subject_type: str) -> dict[str, int]:
    """Count the tasks at each step."""
    rows = await ctx.db.fetch(_COUNTS, ctx.tenant.id, subject_type)
    return {row["step"]: row["waiting"] for row in rows}
