"""Signing in with a code sent to a phone: pages and JSON."""

from typing import Annotated, Any

import msgspec
from headgate_sdk.errors import HeadgateError
from headgate_sdk.web import PUBLIC
from litestar import MediaType, Response, get, post
from litestar.params import Body

from headgate_kernel.identity.opening import Opened, open_session
from headgate_kernel.identity.phone_codes import Requested, redeem_code, request_code
from headgate_kernel.web.pages.visit import ENTRY, FORM, AnyRequest, Visit, enter, show_entry, visit_of
from headgate_kernel.web.ways_on import local

_PAGE = ENTRY | {"face": "tenant"}
_API = {"permission": PUBLIC, "surface": "api"}
_TAGS = ["session"]


class PhoneForm(msgspec.Struct):
    """A number, and where to after signing in."""

    phone: str = ""
    next: str = ""


class CodeForm(msgspec.Struct):
    """A code with the ticket that asking for it gave."""

    ticket: str = ""
    code: str = ""
    phone: str = ""
    next: str = ""


class PhoneCodeRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The phone with which somebody signs in."""

    phone: str


class PhoneCode(msgspec.Struct, forbid_unknown_fields=True):
    """A code with the ticket that asking for it gave."""

    ticket: str
    code: str


class PhoneSession(msgspec.Struct):
    """A token; with `needs` it opens nothing before the second factor is given too."""

    token: str
    needs: str = ""


@get("/sign-in/phone", opt=_PAGE, media_type=MediaType.HTML, include_in_schema=False)
async def phone_page(request: AnyRequest, next: str = "", phone: str = "") -> Response[Any]:  # noqa: A002
    """Ask for the number."""
    return show_entry(visit_of(request), "sign_in/phone.html", form=PhoneForm(phone[:40], next))


@post("/sign-in/phone", opt=_PAGE, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def send(request: AnyRequest, data: Annotated[PhoneForm, Body(media_type=FORM)]) -> Response[Any]:
    """Send a code, if somebody here has the number, and ask for it."""
    visit = visit_of(request)
    try:
        asked = await _request(visit, data.phone)
    except HeadgateError as error:
        return show_entry(visit, "sign_in/phone.html", error=error, form=data)
    form = CodeForm(asked.ticket, "", data.phone, data.next)
    return show_entry(visit, "sign_in/phone_code.html", form=form, minutes=asked.expires_in // 60)


@post("/sign-in/phone/code", opt=_PAGE, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def take(request: AnyRequest, data: Annotated[CodeForm, Body(media_type=FORM)]) -> Response[Any]:
    """Let in who has the code."""
    visit = visit_of(request)
    try:
        opened = await _redeem(visit, data.ticket, data.code, device=visit.device)
    except HeadgateError as error:
        return show_entry(visit, "sign_in/phone_code.html", error=error, form=data, minutes=0)
    return enter(visit, opened, local(data.next))


@post("/api/v1/sessions/phone-code", opt=_API, status_code=202, tags=_TAGS)
async def request_phone_code(request: AnyRequest, data: PhoneCodeRequest) -> Requested:
    """Have a code sent to a phone; the answer is the same whether somebody here has the number or not."""
    return await _request(visit_of(request), data.phone)


@post("/api/v1/sessions/phone-code/redeem", opt=_API, tags=_TAGS)
async def redeem_phone_code(request: AnyRequest, data: PhoneCode) -> PhoneSession:
    """Sign in with the code, and get a token."""
    opened = await _redeem(visit_of(request), data.ticket, data.code, device=None)
    return PhoneSession(opened.token, opened.needs)


async def _request(visit: Visit, phone: str) -> Requested:
    assert visit.state.tenant is not None
    return await request_code(
        visit.kernel, visit.state.tenant, phone=phone, address=visit.address, locale=visit.state.locale
    )


async def _redeem(visit: Visit, ticket: str, code: str, *, device: str | None) -> Opened:
    assert visit.state.tenant is not None
    person_id = await redeem_code(visit.kernel, visit.state.tenant, ticket=ticket, code=code)
    return await open_session(
        visit.kernel, person_id=person_id, tenant_id=visit.tenant_id, method="phone_code",
        address=visit.address, user_agent=visit.user_agent, previous_token=visit.state.token, device=device,
    )  # fmt: skip


HANDLERS = (phone_page, send, take, request_phone_code, redeem_phone_code)
