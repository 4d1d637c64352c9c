"""The console's home: all tenants, with what an operator looks for first."""

import msgspec
from litestar import MediaType, Response, get

from headgate_kernel.quotas import Usage, usage_of
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.overview import (
    SLOW_MS,
    TenantLine,
    TenantQuery,
    count_tenants,
    list_tenants,
)
from headgate_kernel.tenancy.plans import list_plans
from headgate_kernel.web.pages.console.frame import (
    OPERATOR,
    AnyRequest,
    console_page,
    path_with,
    state_of_request,
)
from headgate_kernel.web.pages.console.words import FILTERS, SORTS

PATH = "/console/"


class Row(msgspec.Struct, frozen=True):
    """A tenant as the list shows it.

    Args:
        line: what is known of it.
        plan: name of its plan.
        fullest: the meter of which most is used; None without limits.
        troubles: names of plugins in trouble.
    """

    line: TenantLine
    plan: str
    fullest: Usage | None
    troubles: tuple[str, ...]


@get(PATH, opt=OPERATOR, media_type=MediaType.HTML, include_in_schema=False)
async def tenants(
    request: AnyRequest,
    kernel: Kernel,
    *,
    q: str = "",
    show: str = "all",
    sort: str = "name",
    after: str = "",
) -> Response[str]:
    """List the tenants, a page at a time."""
    query = TenantQuery(
        q.strip()[:100],
        show if show in FILTERS else "all",
        sort if sort in SORTS else "name",
        after,
    )
    async with kernel.databases.platform_scope() as db:
        page = await list_tenants(db, query)
        counts = await count_tenants(db)
        plans = {one.plan.key: one for one in await list_plans(db)}
        usage = await usage_of(db, [line.id for line in page.lines], now=kernel.clock.now())
    usual = next((key for key, plan in plans.items() if plan.is_default), "")
    locale = state_of_request(request).locale
    rows = [
        Row(
            line,
            plans[line.plan or usual].plan.title(locale) if line.plan or usual else "",
            _fullest(usage.get(line.id, ())),
            tuple(_name_of(kernel, plugin) for plugin in line.trouble),
        )
        for line in page.lines
    ]
    return console_page(
        request,
        "console/tenants.html",
        rows=rows,
        page=page,
        counts=counts,
        query=query,
        slow_ms=SLOW_MS,
        chips=[
            (
                words,
                path_with(PATH, q=query.q, show=key, sort=query.sort),
                getattr(counts, key),
                key == query.show,
            )
            for key, words in FILTERS.items()
        ],
        sorts={key: path_with(PATH, q=query.q, show=query.show, sort=key) for key in SORTS},
        next_href=path_with(PATH, q=query.q, show=query.show, sort=query.sort, after=page.next)
        if page.next
        else "",
    )


def _fullest(usage: tuple[Usage, ...]) -> Usage | None:
    limited = [one for one in usage if one.share is not None]
    return max(limited, key=lambda one: one.share or 0, default=None)


def _name_of(kernel: Kernel, plugin: str) -> str:
    installed = kernel.host.by_id.get(plugin)
    return installed.manifest.name if installed else plugin


HANDLERS = (tenants,)
