"""The one middleware: host to tenant, session to actor, plugin switch, permission, origin, transaction.

Nothing that a plugin registers is reached on another way, so off means off and a forgotten check cannot be.
"""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, cast

from headgate_sdk.context import Actor, Context
from headgate_sdk.errors import Forbidden, QuotaExceeded, SignInRequired, TooManyRequests
from headgate_sdk.i18n import N_
from headgate_sdk.web import PUBLIC, SIGNED_IN
from litestar.enums import ScopeType
from litestar.exceptions import NotFoundException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from headgate_kernel.config import Settings
from headgate_kernel.i18n import LOCALES
from headgate_kernel.identity.sessions import NOBODY
from headgate_kernel.identity.token_text import PREFIX
from headgate_kernel.observe.current import note_tenant
from headgate_kernel.tenancy.directory import Tenant
from headgate_kernel.tenancy.suspension import suspended
from headgate_kernel.web.client import client_address
from headgate_kernel.web.origin import is_cross_site
from headgate_kernel.web.problems import send_problem
from headgate_kernel.web.proofs import as_far_as_proved, check_proofs
from headgate_kernel.web.refusals import Refusals
from headgate_kernel.web.session_cookie import cookie_name
from headgate_kernel.web.state import KEY, RequestState
from headgate_kernel.web.token_routes import check_token_route

if TYPE_CHECKING:
    from headgate_kernel.database.unit_of_work import UnitOfWork
    from headgate_kernel.runtime import Kernel

LOCALE_COOKIE = "headgate_locale"
FIRST_ERROR_STATUS = 400


class Gate(ASGIMiddleware):
    """Lets a request through to its handler, or not.

    Args:
        settings: of the process.

    Attributes:
        kernel: set once it is open.
    """

    kernel: "Kernel"
    scopes = (ScopeType.HTTP,)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cookie = cookie_name(settings)
        self._refusals = Refusals()
        domain = settings.domain
        self._console_hosts = frozenset({domain, f"console.{domain}"})

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Decide on one request."""
        options = scope["route_handler"].opt
        if options.get("surface") == "static":
            await next_app(scope, receive, send)
            return
        if "permission" not in options:  # what Litestar adds by itself, such as OPTIONS
            raise NotFoundException
        headers = _headers(scope)
        host = headers.get("host", "").lower()
        host = host.rpartition(":")[0] or host
        face = options.get("face", "tenant")
        if host in self._console_hosts:
            if face not in {"console", "any"}:
                raise NotFoundException
            await self._console(scope, receive, send, next_app, headers)
            return
        tenant = await self.kernel.directory.by_host(host)
        if tenant is None or face not in {"tenant", "any"}:
            raise NotFoundException
        plugin = options.get("plugin")
        if plugin is not None and plugin not in tenant.plugins:
            raise NotFoundException
        try:
            leave = await self.kernel.limits.admit(
                tenant, critical=options.get("critical", False), api=options.get("surface") == "api"
            )
        except (TooManyRequests, QuotaExceeded) as error:
            await self._refusals.send(self.kernel, tenant, error, scope=scope, headers=headers, send=send)
            return
        try:
            await self._tenant(scope, receive, send, next_app, headers=headers, tenant=tenant)
        finally:
            leave()

    async def _tenant(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        next_app: ASGIApp,
        *,
        headers: Mapping[str, str],
        tenant: Tenant,
    ) -> None:
        state = await self._identify(scope, headers, tenant)
        check_token_route(state.session.actor, scope["route_handler"].opt)
        if tenant.state != "active" and not scope["route_handler"].opt.get("while_suspended"):
            raise suspended(tenant.info.name, tenant.notice)
        work = self.kernel.databases.open_tenant_scope(tenant.info.id)
        state.ctx = self.kernel.make_context(
            tenant, state.session.actor, work, locale=state.locale, path=scope["path"], address=state.address
        )
        _check_permission(state.ctx, scope["route_handler"].opt["permission"])
        check_proofs(state.session, scope["route_handler"].opt, self.kernel.clock.now())
        await _in_transaction(work, scope, receive, send, next_app)

    async def _console(
        self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp, headers: Mapping[str, str]
    ) -> None:
        state = await self._identify(scope, headers, None)
        if scope["route_handler"].opt["permission"] != PUBLIC and state.session.actor.kind != "operator":
            raise SignInRequired(N_("Please sign in first."))
        check_proofs(state.session, scope["route_handler"].opt, self.kernel.clock.now())
        await next_app(scope, receive, send)

    async def _identify(
        self, scope: Scope, headers: Mapping[str, str], tenant: Tenant | None
    ) -> RequestState:
        cookies = _cookies(headers.get("cookie", ""))
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        token = bearer.strip() if scheme.lower() == "bearer" else ""
        from_cookie = not token and self._cookie in cookies
        token = token or cookies.get(self._cookie, "")
        session = NOBODY
        if token:
            find = self.kernel.sessions.find
            if token.startswith(PREFIX) and not from_cookie:
                find = self.kernel.tokens.find
            session = await find(token, tenant.info.id if tenant else None)
        locale = (
            (LOCALES.get(cookies.get(LOCALE_COOKIE, "")) and cookies[LOCALE_COOKIE])
            or session.locale
            or (tenant.info.locale if tenant else None)
            or self.kernel.catalogue.choose(headers.get("accept-language", ""))
            or "en"
        )
        note_reader(tenant, session.actor)
        state = RequestState(
            self.kernel, tenant, session, locale, token if session is not NOBODY else "",
            address=client_address(scope, self._settings), cookies=cookies,
        )  # fmt: skip
        scope["state"][KEY] = state
        if is_cross_site(cast("HTTPScope", scope)["method"], headers, has_cookie_session=from_cookie):
            raise Forbidden(
                N_("This request came from another site and was stopped. Open the page again and retry.")
            )
        state.session = as_far_as_proved(session, scope["route_handler"].opt)
        return state


def note_reader(tenant: Tenant | None, actor: Actor) -> None:
    """Write down for the log whose request this is, and who asks."""
    who = actor.membership_id or actor.person_id
    note_tenant(tenant.info.slug if tenant else "", tenant.info.id if tenant else 0, who)


def _check_permission(ctx: Context, permission: str) -> None:
    if permission == PUBLIC:
        return
    if permission == SIGNED_IN:
        if ctx.actor.kind == "anonymous":
            raise SignInRequired(N_("Please sign in first."))
        return
    ctx.require(permission)


async def _in_transaction(
    work: "UnitOfWork", scope: Scope, receive: Receive, send: Send, next_app: ASGIApp
) -> None:
    """Run the handler; commit before the first byte of a good answer leaves, roll back otherwise.

    Where COMMIT itself fails, the good answer is kept back and an error is sent in its place.
    """
    ended = False
    failure: Exception | None = None

    async def send_after_commit(message: Message) -> None:
        nonlocal ended, failure
        if not ended and message["type"] == "http.response.start":
            ended = True
            if message["status"] < FIRST_ERROR_STATUS:
                try:
                    await work.commit()
                except Exception as error:  # noqa: BLE001 (answered below, when the handler has come to its end)
                    failure = error
            else:
                await work.rollback()
        if failure is None:
            await send(message)

    work.enter()
    try:
        await next_app(scope, receive, send_after_commit)
    finally:
        if not ended:
            await work.rollback()
        work.leave()
    if failure is not None:
        await send_problem(failure, scope, receive, send)


def _headers(scope: Scope) -> dict[str, str]:
    """Give the headers by lower-case name; HTTP/2 may split cookies over several."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}; {text}" if key == "cookie" and key in headers else text
    return headers


def _cookies(header: str) -> dict[str, str]:
    if not header:
        return {}
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
