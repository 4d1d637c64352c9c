"""The frame of the console's pages: its menu, and what layouts want where there is no tenant."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, InvalidFields, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.web import NavItem
from litestar import MediaType, Request, Response

from headgate_kernel.tenancy.operating import operating
from headgate_kernel.web.rendering import NavEntry
from headgate_kernel.web.state import RequestState, state_of

AnyRequest = Request[Any, Any, Any]

OPERATOR = {"permission": "operator", "surface": "page", "face": "console"}
"""Options of the console's routes."""

RECENT = OPERATOR | {"recent": True}
"""Options of those that need a recent proof of who the operator is."""

CONSOLE_NAV = [
    NavItem(
        label=N_("Distributors"), href="/console/", face="console", icon="building-2",
        permission="operator", order=10,
    ),
    NavItem(
        label=N_("Operators' sign-in"), href="/console/sso", face="console", icon="lock",
        permission="operator", order=60,
    ),
]  # fmt: skip
"""The console's menu; rooms with pages of their own add to it."""


def state_of_request(request: AnyRequest) -> RequestState:
    """Give what the gate found out."""
    state = state_of(request.scope)
    assert state is not None
    return state


@asynccontextmanager
async def one_tenant(request: AnyRequest, slug: str) -> AsyncIterator[Context]:
    """Open the operator's unit of work on the tenant that the address names.

    Raises:
        NotFound: there is none.
    """
    state = state_of_request(request)
    tenant = await state.kernel.directory.by_slug(slug)
    if tenant is None:
        raise NotFound(N_("There is no tenant called {slug}."), slug=slug[:80])
    actor = state.session.actor
    async with operating(state.kernel, tenant, actor, locale=state.locale, address=state.address) as ctx:
        yield ctx


def console_page(
    request: AnyRequest, template: str, *, status_code: int = 200, zone: str = "", **values: object
) -> Response[str]:
    """Render a page of the console.

    Args:
        request: that is answered.
        template: of the page.
        status_code: of the answer.
        zone: times are shown in it; without one in UTC, and told so: tenants live in many zones.
        values: for the template.
    """
    state = state_of_request(request)
    path = request.url.path.rstrip("/") + "/"
    here = max(
        (item.href for item in CONSOLE_NAV if path.startswith(_folder(item.href))), key=len, default=""
    )
    times = _Times(state, zone)
    text = state.kernel.renderer.text(
        template,
        state.locale,
        {
            "ctx": state.reader(),
            "nav": [
                NavEntry(item.label, item.href, item.icon, item.section, item.href == here, None)
                for item in sorted(CONSOLE_NAV, key=lambda item: item.order)
            ],
            "date": times.day,
            "datetime": times.moment,
            "ago": times.ago,
            "address": lambda host: _address(request, host),
            **values,
        },
    )
    return Response(text, media_type=MediaType.HTML, status_code=status_code)


def words_by_field(request: AnyRequest, error: HeadgateError | None) -> dict[str, str]:
    """Give what is wrong in the operator's language, by field; the whole form's has an empty name."""
    if error is None:
        return {}
    state = state_of_request(request)
    problems = error.problems if isinstance(error, InvalidFields) else (error,)
    return {
        problem.field: state.kernel.renderer.words(state.locale, problem) for problem in reversed(problems)
    }


def path_with(path: str, **filters: object) -> str:
    """Write an address with those filters that are set."""
    chosen = {name: str(value) for name, value in filters.items() if value}
    return f"{path}?{urlencode(chosen)}" if chosen else path


def _folder(href: str) -> str:
    return href.rstrip("/") + "/"


def _address(request: AnyRequest, host: str) -> str:
    port = f":{request.url.port}" if request.url.port else ""
    return f"{request.url.scheme}://{host}{port}/"


class _Times:
    """Writes times for the operator, in one zone."""

    def __init__(self, state: RequestState, zone: str) -> None:
        self._locale = state.locale
        self._clock = state.kernel.clock
        self._zone = ZoneInfo(zone) if zone else UTC
        self._form = "yyyy-MM-dd HH:mm" if zone else "yyyy-MM-dd HH:mm 'UTC'"

    def day(self, moment: datetime | None) -> str:
        return "–" if moment is None else f"{moment.astimezone(self._zone):%Y-%m-%d}"

    def moment(self, moment: datetime | None) -> str:
        if moment is None:
            return "–"
        return format_datetime(moment.astimezone(self._zone), self._form, locale=self._locale)

    def ago(self, moment: datetime | None) -> str:
        if moment is None:
            return "–"
        return format_timedelta(moment - self._clock.now(), add_direction=True, locale=self._locale)
