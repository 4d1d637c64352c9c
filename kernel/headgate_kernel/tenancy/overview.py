"""All tenants as the operator sees them: a page at a time by keyset, all else joined after the cut."""

import base64
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_

if TYPE_CHECKING:
    from headgate_sdk.database import Database

PAGE = 50
SLOW_MS = 1000
"""From here on a tenant is called slow: 5 of 100 requests took longer."""

Filter = Literal["all", "suspended", "trouble", "full", "slow"]
Sort = Literal["name", "orders", "last", "new"]


class TenantQuery(msgspec.Struct, frozen=True):
    """What is looked for.

    Args:
        q: part of a name, short name or host.
        show: which tenants.
        sort: by what; names go up, all else goes down.
        after: cursor of the page before.
    """

    q: str = ""
    show: Filter = "all"
    sort: Sort = "name"
    after: str = ""


class TenantLine(msgspec.Struct, frozen=True):
    """A tenant in the list.

    Args:
        id: number.
        slug: short name.
        name: as people call it.
        state: active or suspended.
        plan: key of its plan; empty is the first there is.
        created_at: when it was set up.
        orders_today: as gathered last; None before the first time.
        last_order_at: None for never.
        requests: in the last quarter of an hour, as gathered last.
        errors: how many of them broke on our side.
        p95_ms: of them.
        sort_value: what the page is sorted by, as text.
        host: the first of its addresses.
        seen_at: when somebody of it was here last.
        trouble: ids of plugins that are neither on nor off.
        dead_jobs: jobs that were given up.
        levels: meters that are near their limit or at it, such as `orders:near`.
    """

    id: int
    slug: str
    name: str
    state: str
    plan: str
    created_at: datetime
    orders_today: int | None
    last_order_at: datetime | None
    requests: int
    errors: int
    p95_ms: int
    sort_value: str
    host: str
    seen_at: datetime | None
    trouble: list[str]
    dead_jobs: int
    levels: list[str]


class TenantCounts(msgspec.Struct, frozen=True):
    """How many tenants each filter shows, and when the figures were gathered."""

    all: int
    suspended: int
    trouble: int
    full: int
    slow: int
    gathered_at: datetime | None


class TenantPage(msgspec.Struct, frozen=True):
    """A page of the list.

    Args:
        lines: at most `PAGE`.
        next: cursor of the page after; empty at the end.
        total: tenants that the search and filter find.
    """

    lines: list[TenantLine]
    next: str
    total: int


async def list_tenants(db: "Database", query: TenantQuery) -> TenantPage:
    """Give a page of tenants.

    Args:
        db: a platform scope.
        query: what is looked for.

    Raises:
        Invalid: the cursor is not one of this list's.
    """
    value, id_ = _read_cursor(query)
    words = f"%{_escaped(query.q.strip().casefold())}%" if query.q.strip() else ""
    found = f"{_FOUND} AND {_FILTERS[query.show]}"
    expression, kind, direction, compare = _SORTS[query.sort]
    lines = await db.fetch_as(
        TenantLine,
        _PAGE.format(found=found, value=expression, kind=kind, direction=direction, compare=compare),
        words, SLOW_MS, value, id_, PAGE + 1,
    )  # fmt: skip
    total = await db.fetch_value(f"SELECT count(*) {found}", words, SLOW_MS)
    after = _write_cursor(query.sort, lines[PAGE - 1]) if len(lines) > PAGE else ""
    return TenantPage(lines[:PAGE], after, total)


async def count_tenants(db: "Database") -> TenantCounts:
    """Count the tenants of each filter."""
    counts = ", ".join(f"count(*) FILTER (WHERE {_FILTERS[show]})::int" for show in _FILTERS)
    return (await db.fetch_as(TenantCounts, f"SELECT {counts}, max(f.gathered_at) {_FOUND}", "", SLOW_MS))[0]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _write_cursor(sort: Sort, line: TenantLine) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((sort, line.sort_value, line.id))).decode()


def _read_cursor(query: TenantQuery) -> tuple[str | None, int]:
    if not query.after:
        return None, 0
    try:
        sort, value, id_ = msgspec.json.decode(
            base64.urlsafe_b64decode(query.after), type=tuple[str, str, int]
        )
    except (ValueError, msgspec.MsgspecError):
        sort = ""
    if sort != query.sort:
        raise Invalid(
            N_("This page of the list is not there any more. Start from its beginning."), field="after"
        )
    return value, id_


_FILTERS: dict[Filter, str] = {
    "all": "true",
    "suspended": "t.state = 'suspended'",
    "trouble": """(
        t.id IN (SELECT a.tenant_id FROM plugin_activation a WHERE a.state NOT IN ('active', 'off'))
        OR t.id IN (SELECT j.tenant_id FROM job j WHERE j.state = 'dead'))""",
    "full": "t.id IN (SELECT n.tenant_id FROM quota_notice n WHERE n.holds)",
    "slow": "coalesce(f.p95_ms, 0) >= $2",
}

_NEVER = "'-infinity'::timestamptz"
_SORTS: dict[Sort, tuple[str, str, str, str]] = {
    # what is sorted by, its type to read it back from a cursor, direction, and what comes after
    "name": ("t.name", "text", "ASC", ">"),
    "orders": ("coalesce(f.orders_today, 0)", "integer", "DESC", "<"),
    "last": (f"coalesce(f.last_order_at, {_NEVER})", "timestamptz", "DESC", "<"),
    "new": ("t.created_at", "timestamptz", "DESC", "<"),
}

_FOUND = """
FROM tenant t LEFT JOIN tenant_figure f ON f.tenant_id = t.id
WHERE ($1 = '' OR lower(t.name) LIKE $1 OR t.slug LIKE $1
       OR EXISTS (SELECT FROM tenant_host h WHERE h.tenant_id = t.id AND h.host LIKE $1))
      AND $2::int > 0
"""

_PAGE = """
WITH page AS (
    SELECT t.id, t.slug, t.name, t.state, coalesce(t.plan, '') AS plan, t.created_at,
           f.orders_today, f.last_order_at, coalesce(f.requests, 0) AS requests,
           coalesce(f.errors, 0) AS errors, coalesce(f.p95_ms, 0) AS p95_ms, {value} AS sort_value
    {found} AND ($3::text IS NULL OR ({value}, t.id) {compare} (CAST($3 AS {kind}), $4::int))
    ORDER BY sort_value {direction}, t.id {direction} LIMIT $5
)
SELECT p.id, p.slug, p.name, p.state, p.plan, p.created_at, p.orders_today, p.last_order_at, p.requests,
       p.errors, p.p95_ms, p.sort_value::text AS sort_value,
       coalesce((SELECT min(h.host) FROM tenant_host h WHERE h.tenant_id = p.id), '') AS host,
       (SELECT max(s.seen_at) FROM session s WHERE s.tenant_id = p.id) AS seen_at,
       array(SELECT a.plugin FROM plugin_activation a
             WHERE a.tenant_id = p.id AND a.state NOT IN ('active', 'off') ORDER BY a.plugin) AS trouble,
       coalesce(d.jobs, 0) AS dead_jobs,
       array(SELECT n.meter || ':' || n.level FROM quota_notice n WHERE n.tenant_id = p.id AND n.holds
             ORDER BY n.level, n.meter) AS levels
FROM page p
LEFT JOIN (SELECT j.tenant_id, count(*)::int AS jobs FROM job j WHERE j.state = 'dead' GROUP BY j.tenant_id) d
    ON d.tenant_id = p.id
ORDER BY p.sort_value {direction}, p.id {direction}
"""
