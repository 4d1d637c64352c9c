"""The pages of the way in and of one's account, as browsers see them."""

import re
from datetime import timedelta

import httpx
import msgspec
import pytest
from headgate_kernel.app import create_app
from headgate_kernel.identity.handoffs import create_handoff
from headgate_kernel.identity.second_factor import set_up_totp
from headgate_kernel.identity.session_limits import CUSTOMER, RECENT
from headgate_kernel.identity.totp import waiting_setup
from headgate_kernel.runtime import Kernel
from headgate_sdk.testing.application import running

from .codes import code_of
from .conftest import PASSWORD

GOOD = "ribbon lantern gravel 42"
LATER = RECENT + timedelta(seconds=1)


def form(tenant, role="writer", **more):
    return {"login": f"{role}@{tenant.info.slug}.example", "password": PASSWORD} | more


@pytest.fixture
async def browser(visit, opened):
    """Of the writer, signed in just now."""
    return visit(token=(await opened()).token)


@pytest.fixture
def with_app(house, clock, opened, tenant, address):
    """Sets an app up for somebody; gives its secret."""

    async def go(role="writer"):
        session = await house.sessions.find((await opened(role)).token, tenant.info.id)
        async with house.databases.platform_scope() as db:
            secret = (await waiting_setup(house, db, session.person_id, account="a", issuer="H")).secret
        await set_up_totp(house, session, tenant.info.id, code_of(secret, clock), address=address)
        clock.moment += timedelta(minutes=1)
        return secret

    return go


@pytest.fixture
async def needs_second_factor(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute(
            "UPDATE role SET second_factor = true WHERE tenant_id = $1 AND key = 'writer'", tenant.info.id
        )


# -- the second step ---------------------------------------------------------------------------------------


async def test_after_the_password_the_code_is_asked_for_and_leads_where_one_wanted(
    visit, with_app, tenant, clock
):
    secret, client = await with_app(), visit()
    step = await client.post("/sign-in", data=form(tenant, next="/sample/notes?a=1"))
    assert step.headers["location"] == "/sign-in/second-factor?next=%2Fsample%2Fnotes%3Fa%3D1"
    page = await client.get(step.headers["location"])
    assert 'name="next" value="/sample/notes?a=1"' in page.text
    pending = client.cookies["headgate_session"]
    wrong = await client.post("/sign-in/second-factor", data={"code": "000000", "next": "/sample/notes"})
    assert wrong.status_code == 422
    assert "does not fit" in wrong.text
    done = await client.post(
        "/sign-in/second-factor", data={"code": code_of(secret, clock), "next": "/sample/notes?a=1"}
    )
    assert (done.status_code, done.headers["location"]) == (303, "/sample/notes?a=1")
    assert client.cookies["headgate_session"] != pending
    assert (await client.get("/sample/notes")).status_code == 200


async def test_a_pending_session_opens_nothing_else(visit, with_app, tenant, house_app):
    await with_app()
    client = visit()
    await client.post("/sign-in", data=form(tenant))
    for path in (
        "/sample/notes",
        "/sample/signed-in",
        "/account",
        "/account/confirm",
        "/account/second-factor/setup",
    ):
        answer = await client.get(path)
        assert answer.headers["location"].startswith("/sign-in?next="), path
    assert (await client.get("/sample/anybody")).text == "hello anonymous"
    assert (await client.get("/api/v1/me")).status_code == 401
    assert (await client.post("/account/password", data={"password": GOOD})).status_code == 401


async def test_the_way_on_after_the_code_stays_on_this_host(visit, with_app, tenant, clock):
    secret, client = await with_app(), visit()
    await client.post("/sign-in", data=form(tenant))
    done = await client.post(
        "/sign-in/second-factor", data={"code": code_of(secret, clock), "next": "//evil.example/"}
    )
    assert done.headers["location"] == "/"


async def test_a_program_gives_the_code_with_its_pending_token(visit, with_app, tenant, clock):
    secret, client = await with_app(), visit()
    first = (await client.post("/api/v1/sessions", json=form(tenant))).json()
    assert first["needs"] == "second_factor"
    client.headers["authorization"] = f"Bearer {first['token']}"
    assert (await client.get("/api/v1/me")).status_code == 401
    wrong = await client.post("/api/v1/sessions/second-factor", json={"code": "000000"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "code")
    second = await client.post("/api/v1/sessions/second-factor", json={"code": code_of(secret, clock)})
    client.headers["authorization"] = f"Bearer {second.json()['token']}"
    assert (await client.get("/api/v1/me")).json()["name"] == "Writer"


# -- setting up ---------------------------------------------------------------------------------------------


async def test_the_app_is_set_up_by_picture_or_key_and_a_code(browser, clock, visit, tenant):
    page = await browser.get("/account/second-factor/setup")
    assert "<svg" in page.text
    assert "style=" not in page.text  # the content security policy allows none
    secret = re.search(r"<code class=\"by-hand\">([A-Z2-7 ]+)</code>", page.text)[1]
    wrong = await browser.post("/account/second-factor/setup", data={"code": "000000"})
    assert wrong.status_code == 422
    assert secret in wrong.text
    before = browser.cookies["headgate_session"]
    done = await browser.post("/account/second-factor/setup", data={"code": code_of(secret, clock)})
    codes = re.findall(r"<code>([a-z2-9]{5}-[a-z2-9]{5})</code>", done.text)
    assert len(codes) == 10
    assert browser.cookies["headgate_session"] != before
    assert (await browser.get("/account/second-factor")).status_code == 200
    assert codes[0] not in (await browser.get("/account/second-factor")).text
    other = visit()
    await other.post("/sign-in", data=form(tenant))
    assert (await other.post("/sign-in/second-factor", data={"code": codes[0]})).status_code == 303


async def test_who_needs_a_second_factor_reaches_nothing_before(needs_second_factor, visit, tenant, clock):
    client = visit()
    await client.post("/sign-in", data=form(tenant))
    assert (await client.get("/")).headers["location"] == "/account/second-factor"
    assert (await client.get("/sign-in")).headers["location"] == "/"
    for path in ("/sample/notes?a=1", "/account", "/account/sessions"):
        answer = await client.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/account/second-factor?next="), path
    assert (await client.get("/sample/anybody")).text == "hello anonymous"
    refused = await client.get("/api/v1/me")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_setup_required")
    page = await client.get("/account/second-factor?next=%2Fsample%2Fnotes")
    assert "/account/second-factor/setup?next=/sample/notes" in page.text
    page = await client.get("/account/second-factor/setup?next=%2Fsample%2Fnotes")
    secret = re.search(r"<code class=\"by-hand\">([A-Z2-7 ]+)</code>", page.text)[1]
    done = await client.post(
        "/account/second-factor/setup", data={"code": code_of(secret, clock), "next": "/sample/notes"}
    )
    assert 'href="/sample/notes"' in done.text
    assert (await client.get("/sample/notes")).status_code == 200


async def test_who_must_set_up_may_leave(needs_second_factor, visit, tenant):
    client = visit()
    await client.post("/sign-in", data=form(tenant))
    assert (await client.post("/sign-out")).headers["location"] == "/sign-in"


# -- confirming ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/account/password", "/account/second-factor/setup"])
async def test_after_ten_minutes_it_takes_a_confirmation(browser, clock, path):
    assert (await browser.get(path)).status_code == 200
    clock.moment += LATER
    answer = await browser.get(f"{path}?a=1")
    assert answer.headers["location"] == f"/account/confirm?next={path.replace('/', '%2F')}%3Fa%3D1"
    before = browser.cookies["headgate_session"]
    wrong = await browser.post("/account/confirm", data={"password": "wrong password", "next": path})
    assert wrong.status_code == 422
    done = await browser.post("/account/confirm", data={"password": PASSWORD, "next": path})
    assert (done.status_code, done.headers["location"]) == (303, path)
    assert browser.cookies["headgate_session"] != before
    assert (await browser.get(path)).status_code == 200


async def test_a_form_sent_too_late_leads_back_to_its_page(browser, clock, tenant):
    clock.moment += LATER
    referer = {"referer": f"http://{tenant.info.slug}.localhost/account/password"}
    answer = await browser.post(
        "/account/password", data={"old": PASSWORD, "password": GOOD}, headers=referer
    )
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/account/confirm?next=%2Faccount%2Fpassword",
    )
    part = await browser.post(
        "/account/password",
        data={},
        headers={"hx-request": "true", "hx-current-url": "http://x/account/password"},
    )
    assert part.headers["hx-redirect"] == "/account/confirm?next=%2Faccount%2Fpassword"


async def test_a_code_confirms_as_well_and_counts_once(visit, opened, with_app, clock, tenant):
    secret = await with_app()
    client = visit()
    await client.post("/sign-in", data=form(tenant))
    await client.post("/sign-in/second-factor", data={"code": code_of(secret, clock)})
    clock.moment += LATER
    assert (await client.get("/account/password")).status_code == 303
    code = code_of(secret, clock)
    assert (await client.post("/account/confirm", data={"code": code})).status_code == 303
    assert (await client.get("/account/password")).status_code == 200
    assert (await client.post("/account/confirm", data={"code": code})).status_code == 422


async def test_guessing_in_a_session_that_was_left_open_slows_down(browser):
    codes = [
        (await browser.post("/account/confirm", data={"password": f"wrong password {n}"})).status_code
        for n in range(6)
    ]
    assert codes == [422] * 5 + [429]


async def test_a_program_is_told_and_confirms(visit, opened, clock):
    client = visit(authorization=f"Bearer {(await opened()).token}")
    clock.moment += LATER
    done = await client.post("/api/v1/sessions/current/confirmation", json={"password": PASSWORD})
    assert done.status_code == 201
    assert (await client.get("/api/v1/me")).status_code == 401  # the token before
    client.headers["authorization"] = f"Bearer {done.json()['token']}"
    assert (await client.get("/api/v1/me")).status_code == 200


# -- account ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["owner", "buyer"])
@pytest.mark.parametrize(
    "path", ["/account", "/account/password", "/account/second-factor", "/account/sessions"]
)
async def test_everybody_has_an_account_page(visit, opened, role, path):
    page = await visit(token=(await opened(role)).token).get(path)
    assert page.status_code == 200
    assert 'href="/account/sessions"' in page.text
    assert "style=" not in page.text


async def test_the_console_has_them_too(visit, operator, clock):
    console = visit("console.localhost")
    await console.post("/sign-in", data={"login": operator, "password": PASSWORD})
    for path in ("/account", "/account/password", "/account/second-factor", "/account/sessions"):
        page = await console.get(path)
        assert page.status_code == 200, path
        assert 'href="/account/sessions"' in page.text
    assert 'href="/account"' in (await console.get("/console/")).text
    saved = await console.post("/account", data={"name": "Op Two", "locale": "zh_CN"})
    assert saved.status_code == 303
    assert "Op Two" in (await console.get("/account")).text


async def test_nobody_has_none(visit):
    for path in ("/account", "/account/password", "/account/sessions"):
        assert (await visit().get(path)).headers["location"].startswith("/sign-in?next=")


async def test_name_and_language_are_saved_and_count_at_once(browser, trail):
    answer = await browser.post("/account", data={"name": " Lin  Wei ", "locale": "zh_CN"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account?done=profile")
    page = await browser.get("/account?done=profile")
    assert "Lin Wei" in page.text
    assert 'lang="zh-CN"' in page.text
    assert [(d["before"], d["after"]) for _, _, _, d in await trail("person.rename")] == [
        ("Writer", "Lin Wei")
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"name": " ", "locale": "en"}, "fill this in"),
        ({"name": "x" * 81, "locale": "en"}, "80 characters"),
        ({"name": "Lin", "locale": "tlh"}, "one of the languages"),
    ],
)
async def test_what_cannot_be_saved_is_told_at_its_field(browser, data, words):
    answer = await browser.post("/account", data=data)
    assert answer.status_code == 422
    assert words in answer.text


async def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(
    browser, visit, opened, tenant, letters, somebody
):
    other = visit(token=(await opened()).token)
    before = browser.cookies["headgate_session"]
    answer = await browser.post("/account/password", data={"old": PASSWORD, "password": GOOD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account/password?done=1")
    assert browser.cookies["headgate_session"] != before
    assert (await browser.get("/account/password")).status_code == 200
    assert (await other.get("/account")).headers["location"].startswith("/sign-in")
    assert await letters((await somebody()).login, "password_changed")
    assert (await visit().post("/sign-in", data=form(tenant))).status_code == 422
    assert (await visit().post("/sign-in", data=form(tenant, password=GOOD))).status_code == 303


@pytest.mark.parametrize(
    ("data", "words"),
    [({"old": "wrong password", "password": GOOD}, "not your present password"),
     ({"old": PASSWORD, "password": PASSWORD}, "Choose another one"),
     ({"old": PASSWORD, "password": "password123"}, "guessers try first"),
     ({"old": PASSWORD, "password": ""}, "at least 10 characters"), ({}, "not your present password")],
)  # fmt: skip
async def test_a_password_that_cannot_be_set_is_told_why(browser, visit, tenant, data, words):
    answer = await browser.post("/account/password", data=data)
    assert answer.status_code == 422
    assert words in answer.text
    assert "set-cookie" not in answer.headers
    assert (await visit().post("/sign-in", data=form(tenant))).status_code == 303


async def test_sessions_are_shown_and_ended_by_button(browser, visit, opened):
    other = visit(token=(await opened()).token)
    page = await browser.get("/account/sessions")
    targets = re.findall(r'action="(/account/sessions/[0-9a-f-]{36}/end)"', page.text)
    assert len(targets) == 2
    assert (await browser.post(targets[1])).headers["location"] == "/account/sessions?done=one"
    assert (await other.get("/account")).headers["location"].startswith("/sign-in")
    assert (await browser.post(targets[0])).headers["location"] == "/sign-in"
    assert (await browser.get("/account")).headers["location"].startswith("/sign-in")


async def test_an_operator_in_the_persons_place_sees_nothing_personal(
    house, visit, somebody, tenant, monkeypatch
):
    async def as_the_member(db, session, now):
        return session

    monkeypatch.setattr(house.sessions, "impersonate", as_the_member)
    person = await somebody()
    path = await create_handoff(
        house, person_id=person.id, tenant_id=tenant.info.id, impersonation_id=person.id
    )
    client = visit()
    await client.get(path)
    assert (await client.get("/sample/notes")).status_code == 200
    for personal in (
        "/account",
        "/account/password",
        "/account/second-factor",
        "/account/sessions",
        "/account/confirm",
    ):
        answer = await client.get(personal)
        assert answer.status_code == 403
        assert "for the person alone" in answer.text
    assert (await client.get("/api/v1/me/sessions")).status_code == 403
    assert (
        await client.post("/account/password", data={"old": PASSWORD, "password": GOOD})
    ).status_code == 403


# -- links --------------------------------------------------------------------------------------------------


async def test_a_forgotten_password_is_set_by_the_link(visit, somebody, letters):
    login, client = (await somebody()).login, visit()
    asked = await client.post("/reset", data={"login": login})
    nobody = await client.post("/reset", data={"login": "nobody@nowhere.example"})
    assert asked.status_code == nobody.status_code == 200
    assert asked.text.replace(login, "·") == nobody.text.replace("nobody@nowhere.example", "·")
    (told,) = await letters(login, "password_reset")
    path = re.search(r"/reset/[\w-]+", told.text)[0]
    assert (await client.get(path)).status_code == 200
    weak = await client.post(path, data={"password": "password123"})
    assert weak.status_code == 422
    done = await client.post(path, data={"password": GOOD})
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert (await client.get("/sample/notes")).status_code == 200
    again = await client.get(path)
    assert again.status_code == 404
    assert "Send me a link" in again.text


async def test_a_login_is_changed_by_its_link(browser, visit, tenant, letters):
    new = f"fresh@{tenant.info.slug}.example"
    old = f"writer@{tenant.info.slug}.example"
    sent = await browser.post("/account/logins", data={"login": new, "old": old})
    assert f"on its way to {new}" in sent.text
    (told,) = await letters(new, "login_confirm")
    path = re.search(r"/confirm/[\w-]+", told.text)[0]
    stranger = visit()
    assert new in (await stranger.get(path)).text
    assert "Confirmed" in (await stranger.post(path)).text
    (warned,) = await letters(old, "login_changed")
    undo = re.search(r"/confirm/[\w-]+", warned.text)[0]
    assert "Take the change back" in (await stranger.get(undo)).text
    assert "Taken back" in (await stranger.post(undo)).text
    assert (await stranger.post(undo)).status_code == 404
    assert (await browser.get("/account")).headers["location"].startswith("/sign-in")


async def test_the_wrong_person_is_told_so_at_an_invitation(house, kernel, visit, opened, tenant, clock):
    from headgate_kernel.identity.invitations import invite
    from headgate_kernel.identity.memberships import save_members
    from headgate_kernel.identity.people import NewPerson, save_people
    from headgate_sdk.blueprint import PersonEntry

    login = f"invited@{tenant.info.slug}.example"
    async with kernel.databases.platform_scope() as db:
        ids = await save_people(db, [NewPerson(login, "New")], clock.moment)
    async with kernel.context(tenant) as ctx:
        members = await save_members(ctx, [PersonEntry(login, "New", "customer", ("buyer",))], ids)
        link = await invite(
            house,
            ctx.db,
            tenant_id=tenant.info.id,
            person_id=ids[login],
            membership_id=members[login],
            to=login,
            by="Owner",
        )
    path = "/invitation/" + link.rpartition("/")[2]
    client = visit(token=(await opened("reader")).token)
    page = await client.get(path)
    assert f"You are signed in as Reader. This invitation is for {login}" in page.text
    out = await client.post("/sign-out", data={"next": path})
    assert out.headers["location"] == path
    page = await client.get(path)
    assert 'name="name"' in page.text
    bad = await client.post(path, data={"name": "Wei", "password": "short"})
    assert bad.status_code == 422
    done = await client.post(path, data={"name": "Wei", "password": GOOD})
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert (await client.get("/sample/signed-in")).text == "hello Wei"
    assert str(int(CUSTOMER.absolute.total_seconds())) in done.headers["set-cookie"]
    over = await visit().get(path)
    assert over.status_code == 422
    assert "accepted this invitation already" in over.text


# -- cookies ------------------------------------------------------------------------------------------------


async def test_over_tls_cookies_are_bound_to_the_very_host(house, tenant, address, clock, operator):
    settings = msgspec.structs.replace(house.settings, secure_cookies=True)
    secure = Kernel(settings, house.databases, house.host, clock)
    async with running(create_app(settings, kernel=secure)) as app:
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, client=(address, 1)), base_url=f"https://{tenant.info.slug}.localhost",
            headers={"sec-fetch-site": "same-origin"},
        )  # fmt: skip
        async with client:
            answer = await client.post("/sign-in", data=form(tenant))
            session, device = (cookie.lower() for cookie in answer.headers.get_list("set-cookie"))
            assert session.startswith("__host-headgate=")
            assert device.startswith("__host-headgate-device=")
            for cookie in (session, device):
                parts = {part.strip() for part in cookie.split(";")}
                assert {"httponly", "secure", "path=/", "samesite=lax"} <= parts
                assert not any(part.startswith("domain") for part in parts)
            assert (await client.get("/sample/notes")).status_code == 200
            token = client.cookies["__Host-headgate"]
            client.cookies.clear()
            planted = await client.get("/sample/notes", headers={"cookie": f"headgate_session={token}"})
            assert planted.status_code == 303  # a name that another host could set counts for nothing


async def test_signing_out_takes_the_cookie_but_leaves_the_device(visit, tenant):
    client = visit()
    await client.post("/sign-in", data=form(tenant))
    answer = await client.post("/sign-out")
    (cookie,) = answer.headers.get_list("set-cookie")
    assert "headgate_session=" in cookie
    assert "Max-Age=0" in cookie
    assert client.cookies["headgate_device"]
