"""The operator's console: the queue of jobs, dead letters, and messages that were sent."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.web import NavItem, see_other
from litestar import MediaType, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_kernel.jobs.letters import Letter, Letters, drop_letters, list_letters, retry_letters
from headgate_kernel.jobs.overview import overview
from headgate_kernel.notify.sent import list_sent
from headgate_kernel.runtime import Kernel
from headgate_kernel.web.pages.console.frame import (
    CONSOLE_NAV,
    OPERATOR,
    AnyRequest,
    console_page,
    state_of_request,
)

CONSOLE_NAV += [
    NavItem(
        label=N_("Jobs"), href="/console/jobs", face="console", icon="list-checks",
        permission="operator", order=60,
    ),
    NavItem(
        label=N_("Messages"), href="/console/messages", face="console", icon="send",
        permission="operator", order=70,
    ),
]  # fmt: skip

DEAD = "/console/jobs/dead"
_PAGE: dict[str, Any] = {"opt": OPERATOR, "media_type": MediaType.HTML, "include_in_schema": False}


class LettersForm(msgspec.Struct):
    """Which dead letters are meant: one, all of a type, or all."""

    id: UUID | None = None
    kind: str = ""
    every: Literal["", "yes"] = ""

    def chosen(self) -> dict[str, Any]:
        """Give the choice as use cases take it.

        Raises:
            Invalid: nothing is chosen.
        """
        if self.id is not None:
            return {"ids": [self.id]}
        if self.kind or self.every:
            return {"job": self.kind}
        raise Invalid(N_("Choose which jobs are meant."), field="kind")


@get("/console/jobs", **_PAGE)
async def queue(request: AnyRequest, kernel: Kernel) -> Response[str]:
    """Show how the queue stands."""
    async with kernel.databases.platform_scope() as db:
        found = await overview(db, kernel.clock.now())
    return console_page(request, "console/jobs.html", queue=found, tabs=_tabs("queue", found.total.dead))


@get(DEAD, **_PAGE)
async def dead_letters(
    request: AnyRequest,
    kernel: Kernel,
    *,
    kind: str = "",
    before: UUID | None = None,
    retried: int = 0,
    dropped: int = 0,
) -> Response[str]:
    """List jobs that were given up."""
    async with kernel.databases.platform_scope() as db:
        found = await overview(db, kernel.clock.now())
        letters = await list_letters(db, "dead", job=kind, before=before)
    return _letters_page(
        request, "dead", letters, dead=found.total.dead, kind=kind, kinds=found.dead,
        retried=retried, dropped=dropped,
    )  # fmt: skip


@get("/console/jobs/again", **_PAGE)
async def tried_again(request: AnyRequest, kernel: Kernel, before: UUID | None = None) -> Response[str]:
    """List jobs that failed or were put off, and will be tried again."""
    async with kernel.databases.platform_scope() as db:
        found = await overview(db, kernel.clock.now())
        letters = await list_letters(db, "ready", before=before)
    return _letters_page(request, "again", letters, dead=found.total.dead)


@post(
    "/console/jobs/retry", opt=OPERATOR, media_type=MediaType.HTML, status_code=200, include_in_schema=False
)
async def retry(
    request: AnyRequest,
    kernel: Kernel,
    data: Annotated[LettersForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Have dead letters tried again."""
    actor = state_of_request(request).session.actor
    async with kernel.databases.platform_scope() as db:
        count = await retry_letters(db, actor=actor, now=kernel.clock.now(), **data.chosen())
    return see_other(f"{DEAD}?{urlencode({'retried': count})}")


@post("/console/jobs/drop", status_code=200, **_PAGE)
async def drop(
    request: AnyRequest,
    kernel: Kernel,
    data: Annotated[LettersForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Throw dead letters away."""
    actor = state_of_request(request).session.actor
    async with kernel.databases.platform_scope() as db:
        count = await drop_letters(db, actor=actor, now=kernel.clock.now(), **data.chosen())
    return see_other(f"{DEAD}?{urlencode({'dropped': count})}")


@get("/console/messages", **_PAGE)
async def messages(request: AnyRequest, kernel: Kernel, before: UUID | None = None) -> Response[str]:
    """List messages that were sent; with their words where they went to the terminal only."""
    async with kernel.databases.platform_scope() as db:
        page = await list_sent(db, before=before)
    kept = {channel for channel, provider in kernel.providers.items() if provider.keeps_words}
    return console_page(
        request, "console/jobs_messages.html", page=page, kept=kept,
        next_href=f"/console/messages?before={page.following}" if page.following else "",
    )  # fmt: skip


def _letters_page(
    request: AnyRequest, view: str, letters: Letters, *, dead: int, kind: str = "", **values: Any
) -> Response[str]:
    state = state_of_request(request)

    def why(letter: Letter) -> str:
        if letter.error is None:
            return ""
        return letter.error.fill(state.kernel.catalogue.translate(state.locale, letter.error.message))

    query = {"kind": kind} if kind else {}
    following = urlencode(query | {"before": str(letters.following)}) if letters.following else ""
    return console_page(
        request, "console/jobs_letters.html", view=view, letters=letters, why=why, kind=kind,
        tabs=_tabs(view, dead), next_href=f"/console/jobs/{view}?{following}" if following else "", **values,
    )  # fmt: skip


def _tabs(view: str, dead: int) -> list[tuple[str, str, bool, int | None]]:
    return [
        (N_("Queue"), "/console/jobs", view == "queue", None),
        (N_("Given up"), DEAD, view == "dead", dead),
        (N_("Tried again"), "/console/jobs/again", view == "again", None),
    ]


HANDLERS = (queue, dead_letters, tried_again, retry, drop, messages)
