"""The frame of the console's pages: its menu, and what layouts want where there is no tenant."""

from datetime import UTC, datetime
from typing import Any

from babel.dates import format_datetime, format_timedelta
from headgate_sdk.i18n import N_
from headgate_sdk.web import NavItem
from litestar import MediaType, Request, Response

from headgate_kernel.web.rendering import NavEntry
from headgate_kernel.web.state import RequestState, state_of

AnyRequest = Request[Any, Any, Any]

OPERATOR = {"permission": "operator", "surface": "page", "face": "console"}
"""Options of the console's routes."""

CONSOLE_NAV = [
    NavItem(
        label=N_("Distributors"), href="/console/", face="console", icon="building-2",
        permission="operator", order=10,
    ),
]  # fmt: skip
"""The console's menu."""


def state_of_request(request: AnyRequest) -> RequestState:
    """Give what the gate found out."""
    state = state_of(request.scope)
    assert state is not None
    return state


def console_page(
    request: AnyRequest, template: str, *, status_code: int = 200, **values: object
) -> Response[str]:
    """Render a page of the console; times are shown in UTC, for the operator's tenants live in many zones."""
    state = state_of_request(request)
    path = request.url.path.rstrip("/")
    here = max(
        (item.href for item in CONSOLE_NAV if (path + "/").startswith(item.href.rstrip("/") + "/")),
        key=len, default="",
    )  # fmt: skip
    times = _Times(state)
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
            **values,
        },
    )
    return Response(text, media_type=MediaType.HTML, status_code=status_code)


class _Times:
    """Writes times for the operator."""

    def __init__(self, state: RequestState) -> None:
        self._locale = state.locale
        self._clock = state.kernel.clock

    def day(self, moment: datetime | None) -> str:
        return "–" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d}"

    def moment(self, moment: datetime | None) -> str:
        if moment is None:
            return "–"
        return format_datetime(moment.astimezone(UTC), "yyyy-MM-dd HH:mm 'UTC'", locale=self._locale)

    def ago(self, moment: datetime | None) -> str:
        if moment is None:
            return "–"
        return format_timedelta(moment - self._clock.now(), add_direction=True, locale=self._locale)
