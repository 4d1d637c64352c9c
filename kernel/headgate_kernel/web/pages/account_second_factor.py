"""My account: the authenticator app and the recovery codes."""

from typing import Annotated, Any

import msgspec
import segno
from headgate_sdk.errors import HeadgateError
from headgate_sdk.web import see_other
from litestar import MediaType, Response, get, post
from litestar.params import Body
from markupsafe import Markup

from headgate_kernel.identity.profile import get_profile
from headgate_kernel.identity.second_factor import renew_codes, second_factor_of, set_up_totp, take_away_totp
from headgate_kernel.identity.totp import waiting_setup
from headgate_kernel.web.pages.visit import FORM, PERSONAL, AnyRequest, Visit, show_account, visit_of
from headgate_kernel.web.session_cookie import set_session
from headgate_kernel.web.ways_on import local

_OPTIONS = PERSONAL | {"setup": True}
_RECENT = _OPTIONS | {"recent": True}
ISSUER = "Headgate"
QR_PIXELS = 5
"""Pixels for each square of the picture that is scanned."""


class SetupForm(msgspec.Struct):
    """The first code of an app."""

    code: str = ""
    next: str = ""


@get("/account/second-factor", opt=_OPTIONS, media_type=MediaType.HTML, include_in_schema=False)
async def second_factor_page(request: AnyRequest, next: str = "", done: str = "") -> Response[Any]:  # noqa: A002
    """Tell what is set up."""
    return await _show(visit_of(request), way=next, done=done)


@get("/account/second-factor/setup", opt=_RECENT, media_type=MediaType.HTML, include_in_schema=False)
async def setup_page(request: AnyRequest, next: str = "") -> Response[Any]:  # noqa: A002
    """Show the secret to an authenticator app, and ask for its first code."""
    return await _show_setup(visit_of(request), next)


@post(
    "/account/second-factor/setup", opt=_RECENT, media_type=MediaType.HTML, status_code=200,
    include_in_schema=False,
)  # fmt: skip
async def confirm_app(
    request: AnyRequest, data: Annotated[SetupForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Let the app count, and show the recovery codes this once."""
    visit = visit_of(request)
    try:
        opened, codes = await set_up_totp(
            visit.kernel, visit.session, visit.tenant_id, data.code, address=visit.address
        )
    except HeadgateError as error:
        return await _show_setup(visit, data.next, error)
    answer = await show_account(visit, "account/recovery_codes.html", codes=codes, way=local(data.next))
    set_session(answer, visit.kernel.settings, opened)
    return answer


@post(
    "/account/second-factor/codes", opt=_RECENT, media_type=MediaType.HTML, status_code=200,
    include_in_schema=False,
)  # fmt: skip
async def new_recovery_codes(request: AnyRequest) -> Response[Any]:
    """Make new recovery codes, and show them this once."""
    visit = visit_of(request)
    try:
        codes = await renew_codes(visit.kernel, visit.session, visit.tenant_id, address=visit.address)
    except HeadgateError as error:
        return await _show(visit, error)
    return await show_account(visit, "account/recovery_codes.html", codes=codes, way="/account/second-factor")


@post(
    "/account/second-factor/remove", opt=_RECENT, media_type=MediaType.HTML, status_code=200,
    include_in_schema=False,
)  # fmt: skip
async def remove_app(request: AnyRequest) -> Response[Any]:
    """Take the app and the recovery codes away."""
    visit = visit_of(request)
    try:
        opened = await take_away_totp(visit.kernel, visit.session, visit.tenant_id, address=visit.address)
    except HeadgateError as error:
        return await _show(visit, error)
    answer = see_other("/account/second-factor?done=removed")
    set_session(answer, visit.kernel.settings, opened)
    return answer


async def _show(
    visit: Visit, error: HeadgateError | None = None, *, way: str = "", done: str = ""
) -> Response[Any]:
    assert visit.session.person_id is not None
    factor = await second_factor_of(visit.kernel, visit.session.person_id, visit.tenant_id)
    return await show_account(
        visit, "account/second_factor.html", error=error, factor=factor, way=way, done=done,
        forced=visit.session.state == "setup",
    )  # fmt: skip


async def _show_setup(visit: Visit, way: str, error: HeadgateError | None = None) -> Response[Any]:
    assert visit.session.person_id is not None
    profile = await get_profile(visit.kernel, visit.session, visit.tenant_id)
    account = profile.logins[0][0] if profile.logins else profile.name
    async with visit.kernel.databases.platform_scope() as db:
        setup = await waiting_setup(visit.kernel, db, visit.session.person_id, account=account, issuer=ISSUER)
    return await show_account(
        visit, "account/set_up_app.html", error=error, way=way, picture=qr_picture(setup.uri),
        secret=" ".join(setup.secret[at : at + 4] for at in range(0, len(setup.secret), 4)),
    )  # fmt: skip


def qr_picture(text: str) -> Markup:
    """Draw a QR code as SVG, dark on light in any theme, without styles."""
    picture = segno.make(text, error="m").svg_inline(
        scale=QR_PIXELS, border=4, dark="#000", light="#fff", svgclass=None, lineclass=None
    )
    return Markup(picture)  # noqa: S704 (drawn from bits)


HANDLERS = (second_factor_page, setup_page, confirm_app, new_recovery_codes, remove_app)
