"""How a session begins: limits by kind, the second factor before it, devices, and what is written down."""

from datetime import timedelta
from uuid import uuid4

import pytest
from headgate_kernel.identity.devices import is_known
from headgate_kernel.identity.opening import open_session
from headgate_kernel.identity.session_limits import CUSTOMER, OPERATOR, PENDING, STAFF
from headgate_kernel.identity.sessions import NOBODY
from headgate_kernel.identity.totp import confirm_setup, waiting_setup
from headgate_sdk.errors import Forbidden

from .codes import code_of

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36"


@pytest.fixture
def with_app(house, clock):
    """Sets an authenticator app up for a person."""

    async def go(person):
        async with house.databases.platform_scope() as db:
            setup = await waiting_setup(house, db, person.id, account="a", issuer="H")
            await confirm_setup(house, db, person.id, code_of(setup.secret, clock))
        return setup.secret

    return go


async def row_of(house, token):
    async with house.databases.platform_scope() as db:
        return await db.fetch_row(
            "SELECT *, expires_at - created_at AS lasts FROM session WHERE token_hash = sha256($1::bytea)",
            token.encode(),
        )


@pytest.mark.parametrize(("role", "limits"), [("owner", STAFF), ("buyer", CUSTOMER)])
async def test_how_long_it_lasts_goes_by_the_kind_of_person(house, opened, role, limits):
    session = await opened(role)
    row = await row_of(house, session.token)
    assert (row["idle"], row["lasts"]) == (limits.idle, limits.absolute)
    assert session.max_age == limits.absolute.total_seconds()


async def test_an_operators_session_is_the_shortest(house, clock, operator, address):
    async with house.databases.platform_scope() as db:
        person_id = await db.fetch_value("SELECT person_id FROM person_login WHERE login = $1", operator)
    session = await open_session(
        house, person_id=person_id, tenant_id=None, method="password", address=address, user_agent=""
    )
    row = await row_of(house, session.token)
    assert (row["idle"], row["lasts"]) == (OPERATOR.idle, OPERATOR.absolute)


async def test_who_has_no_place_there_gets_none(house, clock, somebody, other_tenant, address):
    person = await somebody()
    for tenant_id in (other_tenant.info.id, None):
        with pytest.raises(Forbidden, match="no access here"):
            await open_session(
                house,
                person_id=person.id,
                tenant_id=tenant_id,
                method="passkey",
                address=address,
                user_agent="",
            )


async def test_the_session_before_ends(house, opened, tenant):
    before = await opened()
    after = await opened(previous_token=before.token)
    assert await house.sessions.find(before.token, tenant.info.id) is NOBODY
    assert (await house.sessions.find(after.token, tenant.info.id)).actor.name == "Writer"


async def test_without_a_second_factor_nothing_more_is_asked(opened):
    assert (await opened()).needs == ""


@pytest.mark.parametrize("method", ["password", "phone_code", "reset", "invitation"])
async def test_who_has_an_app_is_asked_for_a_code(house, opened, somebody, tenant, with_app, method):
    await with_app(await somebody())
    session = await opened(method=method)
    found = await house.sessions.find(session.token, tenant.info.id)
    assert (session.needs, found.state, found.actor.kind) == ("second_factor", "pending", "anonymous")
    row = await row_of(house, session.token)
    assert row["lasts"] == PENDING.absolute


@pytest.mark.parametrize("method", ["passkey", "oidc", "handoff"])
async def test_a_strong_way_needs_nothing_more(opened, somebody, with_app, method):
    await with_app(await somebody())
    assert (await opened(method=method)).needs == ""


async def test_a_pending_session_lives_ten_minutes(house, opened, somebody, tenant, with_app, clock):
    await with_app(await somebody())
    session = await opened()
    clock.moment += timedelta(minutes=10)
    assert await house.sessions.find(session.token, tenant.info.id) is NOBODY


async def test_a_role_that_needs_a_second_factor_leads_to_setting_one_up(
    kernel, house, opened, tenant, somebody, with_app
):
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute(
            "UPDATE role SET second_factor = true WHERE tenant_id = $1 AND key = 'writer'", tenant.info.id
        )
    states = []
    for method in ("password", "passkey"):
        session = await opened(method=method)
        states.append((await house.sessions.find(session.token, tenant.info.id)).state)
    other = await opened("reader")
    states.append((await house.sessions.find(other.token, tenant.info.id)).state)
    await with_app(await somebody())
    handed = await opened(method="handoff")
    states.append((await house.sessions.find(handed.token, tenant.info.id)).state)
    assert states == ["setup", "open", "open", "open"]


async def test_operators_can_be_made_to_have_one(house, clock, operator, address, monkeypatch):
    async with house.databases.platform_scope() as db:
        person_id = await db.fetch_value("SELECT person_id FROM person_login WHERE login = $1", operator)

    async def state():
        session = await open_session(
            house, person_id=person_id, tenant_id=None, method="password", address=address, user_agent=""
        )
        return (await house.sessions.find(session.token, None)).state

    assert await state() == "open"
    monkeypatch.setattr(house.sessions, "operators_need_second_factor", True)
    assert await state() == "setup"


async def test_a_sign_in_stands_in_the_audit_log(opened, trail, address):
    await opened(user_agent=CHROME)
    assert await trail("session.open") == [
        ("session.open", "Writer", "Writer", {"method": "password", "user_agent": CHROME})
    ]


async def test_a_browser_is_known_from_its_first_sign_in(house, opened, somebody):
    person = await somebody()
    first = await opened(device="")
    again = await opened(device=first.device)
    assert first.device == again.device != ""
    async with house.databases.platform_scope() as db:
        assert await is_known(db, person.id, first.device)
        assert not await is_known(db, (await _other(db)), first.device)


async def _other(db):
    return await db.fetch_value("SELECT person_id FROM person_login ORDER BY login LIMIT 1")


async def test_a_token_that_we_did_not_give_out_is_replaced(opened):
    """Somebody might have planted it in the browser, to have its tries counted apart later."""
    assert (await opened(device="planted")).device not in {"", "planted"}


async def test_a_program_has_no_device(opened):
    assert (await opened(device=None)).device == ""


async def test_a_new_device_is_told_by_mail_but_not_the_first(opened, letters, somebody, address):
    person = await somebody()
    first = await opened(device="")
    assert await letters(person.login, "new_device") == []
    await opened(device=first.device)
    assert await letters(person.login, "new_device") == []
    await opened(device="", user_agent=CHROME)
    (told,) = await letters(person.login, "new_device")
    assert told.subject == "New sign-in to your account"
    assert "Chrome · Windows" in told.text
    assert address in told.text


async def test_inside_an_impersonation_nothing_becomes_known_of_the_operators_browser(
    house, opened, letters, somebody
):
    person = await somebody()
    await opened(device="")
    session = await opened(device="", impersonation_id=uuid4(), method="handoff")
    assert session.device == ""
    assert await letters(person.login, "new_device") == []
