"""Passkeys: one's own, and signing in or confirming with them."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from headgate_sdk.errors import HeadgateError
from headgate_sdk.web import see_other
from litestar import MediaType, Response, get, post
from litestar.params import Body

from headgate_kernel.identity.oidc.connecting import connection_of
from headgate_kernel.identity.opening import open_session
from headgate_kernel.identity.passkey_proofs import proof_options, prove
from headgate_kernel.identity.passkeys import (
    list_passkeys,
    register_passkey,
    registration_options,
    remove_passkey,
    rename_passkey,
)
from headgate_kernel.identity.profile import get_profile
from headgate_kernel.identity.step_up import renew_session
from headgate_kernel.identity.user_agents import device_words
from headgate_kernel.web.pages.visit import (
    ENTRY,
    FORM,
    PERSONAL,
    AnyRequest,
    Visit,
    enter,
    show_account,
    show_entry,
    visit_of,
)
from headgate_kernel.web.pages.ways import site_of
from headgate_kernel.web.session_cookie import set_session
from headgate_kernel.web.ways_on import local

PATH = "/account/passkeys"
_OWN = PERSONAL | {"recent": True, "setup": True}
_CONFIRM = PERSONAL | {"setup": True}


class ProofForm(msgspec.Struct):
    """What a device answered, and where to after it."""

    passkey: str = ""
    next: str = ""


class PasskeyForm(msgspec.Struct):
    """A new passkey, or another name for one."""

    passkey: str = ""
    name: str = ""


# -- signing in ----------------------------------------------------------------------------------------------


@post("/sign-in/passkey/options", opt=ENTRY, status_code=200, include_in_schema=False)
async def sign_in_options(request: AnyRequest) -> Response[str]:
    """Give what the browser asks a device at sign-in."""
    visit = visit_of(request)
    return _json(await proof_options(visit.kernel, site_of(visit), "sign_in"))


@post("/sign-in/passkey", opt=ENTRY, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def sign_in_with_passkey(
    request: AnyRequest, data: Annotated[ProofForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Let in whose passkey it is."""
    visit = visit_of(request)
    try:
        person_id = await prove(visit.kernel, site_of(visit), "sign_in", data.passkey)
        opened = await open_session(
            visit.kernel, person_id=person_id, tenant_id=visit.tenant_id, method="passkey",
            address=visit.address, user_agent=visit.user_agent, previous_token=visit.state.token,
            device=visit.device,
        )  # fmt: skip
    except HeadgateError as error:
        return show_entry(visit, "sign_in/refused.html", error=error, next=local(data.next))
    return enter(visit, opened, local(data.next))


# -- confirming ----------------------------------------------------------------------------------------------


@post("/account/confirm/passkey/options", opt=_CONFIRM, status_code=200, include_in_schema=False)
async def confirm_options(request: AnyRequest) -> Response[str]:
    """Give what the browser asks a device when somebody confirms that it is them."""
    visit = visit_of(request)
    return _json(await proof_options(visit.kernel, site_of(visit), "confirm", visit.session.person_id))


@post(
    "/account/confirm/passkey", opt=_CONFIRM, media_type=MediaType.HTML, status_code=200,
    include_in_schema=False,
)  # fmt: skip
async def confirm_with_passkey(
    request: AnyRequest, data: Annotated[ProofForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Renew the session of who has confirmed."""
    visit = visit_of(request)
    way = local(data.next, "/account")
    try:
        await prove(visit.kernel, site_of(visit), "confirm", data.passkey, visit.session.person_id)
        async with visit.kernel.databases.platform_scope() as db:
            opened = await renew_session(
                visit.kernel, db, visit.session, visit.tenant_id, method="passkey", address=visit.address
            )
    except HeadgateError as error:
        return show_entry(visit, "sign_in/refused.html", error=error, next=way, confirming=True)
    answer = see_other(way)
    set_session(answer, visit.kernel.settings, opened)
    return answer


# -- one's own -----------------------------------------------------------------------------------------------


@get(PATH, opt=_OWN, media_type=MediaType.HTML, include_in_schema=False)
async def own_passkeys(request: AnyRequest, done: str = "") -> Response[Any]:
    """List one's passkeys at this host."""
    return await _show(visit_of(request), done=done)


@post(f"{PATH}/options", opt=_OWN, status_code=200, include_in_schema=False)
async def new_passkey_options(request: AnyRequest) -> Response[str]:
    """Give what the browser asks a device that makes a passkey."""
    visit = visit_of(request)
    assert visit.session.person_id is not None
    profile = await get_profile(visit.kernel, visit.session, visit.tenant_id)
    login = profile.logins[0][0] if profile.logins else profile.name
    return _json(
        await registration_options(visit.kernel, site_of(visit), visit.session.person_id, profile.name, login)
    )


@post(PATH, opt=_OWN, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def add_passkey(
    request: AnyRequest, data: Annotated[PasskeyForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Keep a passkey that a device has made."""
    visit = visit_of(request)
    try:
        await register_passkey(visit.kernel, site_of(visit), visit.session.actor, data.passkey, data.name)
    except HeadgateError as error:
        return await _show(visit, error, name=data.name)
    if visit.session.state != "setup":
        return see_other(f"{PATH}?done=added")
    # their role asks for more than a password: making a passkey has shown it
    assert visit.session.person_id is not None
    opened = await open_session(
        visit.kernel, person_id=visit.session.person_id, tenant_id=visit.tenant_id, method="passkey",
        address=visit.address, user_agent=visit.user_agent, previous_token=visit.state.token,
        device=visit.device,
    )  # fmt: skip
    return enter(visit, opened, "/")


@post(
    f"{PATH}/{{passkey_id:uuid}}", opt=_OWN, media_type=MediaType.HTML, status_code=200,
    include_in_schema=False,
)  # fmt: skip
async def rename(
    request: AnyRequest, passkey_id: UUID, data: Annotated[PasskeyForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Give a passkey another name."""
    visit = visit_of(request)
    assert visit.session.person_id is not None
    try:
        await rename_passkey(visit.kernel, site_of(visit), visit.session.person_id, passkey_id, data.name)
    except HeadgateError as error:
        return await _show(visit, error)
    return see_other(f"{PATH}?done=renamed")


@post(
    f"{PATH}/{{passkey_id:uuid}}/remove", opt=_OWN, media_type=MediaType.HTML, status_code=200,
    include_in_schema=False,
)  # fmt: skip
async def remove(request: AnyRequest, passkey_id: UUID) -> Response[Any]:
    """Take a passkey away."""
    visit = visit_of(request)
    try:
        await remove_passkey(visit.kernel, site_of(visit), visit.session.actor, passkey_id)
    except HeadgateError as error:
        return await _show(visit, error)
    return see_other(f"{PATH}?done=removed")


async def _show(
    visit: Visit, error: HeadgateError | None = None, *, name: str | None = None, done: str = ""
) -> Response[Any]:
    assert visit.session.person_id is not None
    async with visit.kernel.databases.platform_scope() as db:
        passkeys = await list_passkeys(db, visit.session.person_id, site_of(visit).host)
        connection = await connection_of(db, visit.session, visit.tenant_id)
    return await show_account(
        visit, "account/passkeys.html", error=error, passkeys=passkeys, connection=connection, done=done,
        name=" · ".join(filter(None, device_words(visit.user_agent))) if name is None else name,
        host=site_of(visit).host,
    )  # fmt: skip


def _json(options: str) -> Response[str]:
    return Response(options, media_type=MediaType.JSON, headers={"cache-control": "no-store"})


HANDLERS = (
    sign_in_options,
    sign_in_with_passkey,
    confirm_options,
    confirm_with_passkey,
    own_passkeys,
    new_passkey_options,
    add_passkey,
    rename,
    remove,
)
