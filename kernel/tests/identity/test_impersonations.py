"""An operator in somebody's place: allowed by the owner, for a while, less what is sensitive, on record."""

from datetime import timedelta

import pytest
from headgate_kernel.identity import sessions
from headgate_kernel.identity.impersonations import (
    LAPSES,
    SupportRequest,
    ask_to_impersonate,
    begin_impersonation,
    decide_impersonation,
    end_impersonation,
    list_impersonations,
)
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.identity.permissions import sensitive_permissions
from headgate_kernel.identity.support import choose_consent
from headgate_kernel.notify.messages import Message, SendMessage
from headgate_kernel.notify.wording import put_in_words
from headgate_kernel.tenancy.operating import operating
from headgate_sdk.clock import ManualClock
from headgate_sdk.errors import Conflict, Forbidden, Invalid, InvalidFields, NotFound
from headgate_sdk.ids import new_id
from headgate_sdk.testing.operators import at_console, membership_of, new_operator

from .staff import acting

REASON = "the price list does not print"


@pytest.fixture
async def helper(kernel):
    return await new_operator(kernel)


@pytest.fixture
def clock(kernel, monkeypatch):
    """Time that a test moves, for the kernel and its sessions."""
    clock = ManualClock(kernel.clock.now())
    monkeypatch.setattr(kernel, "clock", clock)
    monkeypatch.setattr(kernel.sessions, "_clock", clock)
    monkeypatch.setattr(sessions, "CACHE_SECONDS", 0.0)
    return clock


async def ask(kernel, tenant, operator, role="owner", reason=REASON, minutes=30):
    member = await membership_of(kernel, tenant, role)
    async with operating(kernel, tenant, operator) as ctx:
        return await ask_to_impersonate(ctx, SupportRequest(member, reason, minutes))


async def ask_first(kernel, tenant):
    async with acting(kernel, tenant, "owner") as ctx:
        await choose_consent(ctx, "ask")


@pytest.fixture
def enter(kernel, browse):
    """Goes in by the console, as a browser does; gives it at the tenant's host."""

    async def go(tenant, operator, role="owner", minutes=30):
        console = await at_console(kernel, browse("console.localhost"), operator)
        form = {
            "member": str(await membership_of(kernel, tenant, role)), "reason": REASON,
            "minutes": str(minutes),
        }  # fmt: skip
        answer = await console.post(f"/console/tenants/{tenant.info.slug}/help", data=form)
        assert answer.status_code == 303, answer.text
        where = answer.headers["location"]
        assert where.startswith(f"http://{tenant.info.slug}.localhost")
        there = browse(f"{tenant.info.slug}.localhost")
        arrived = await there.get(where.partition(".localhost")[2].lstrip(":0123456789"))
        assert arrived.status_code == 303
        return there

    return go


async def test_the_operator_sees_what_the_member_sees_under_a_banner(enter, tenant, helper):
    there = await enter(tenant, helper)
    page = await there.get("/sample/notes")
    assert page.status_code == 200
    assert 'class="help-banner"' in page.text
    assert "Wang Qin acts for Owner until" in page.text
    reader = await enter(tenant, helper, role="reader")
    assert (await reader.get("/settings/plugins")).status_code == 403
    assert "Wang Qin acts for Reader until" in (await reader.get("/settings/plugins")).text


async def test_nobody_else_sees_a_banner(client_for, tenant):
    assert "help-banner" not in (await (await client_for(tenant, "owner")).get("/sample/notes")).text


async def test_what_is_sensitive_is_closed_and_the_rest_is_open(kernel, enter, tenant, helper):
    there = await enter(tenant, helper)
    token = there.cookies["headgate_session"]
    session = await kernel.sessions.find(token, tenant.info.id)
    sensitive = sensitive_permissions(kernel.host)
    for verb in ("people.write", "roles.write", "tokens.write", "flow.override", "support.write"):
        assert f"headgate.{verb}" in sensitive
    for permission in sensitive:
        assert not session.actor.allowed(permission), permission
    assert session.actor.allowed("sample.notes.write")
    assert (session.actor.operator, session.actor.operator_id) == (helper.name, helper.person_id)
    assert (await there.get("/settings/support")).status_code == 403
    assert (await there.post("/settings/support", data={"consent": "notice"})).status_code == 403


async def test_what_is_done_inside_stands_in_the_log_with_both_names(kernel, enter, tenant, helper):
    there = await enter(tenant, helper)
    await there.post("/settings/plugins/lone", data={"state": "on"})
    async with kernel.context(tenant) as ctx:
        row = await ctx.db.fetch_row(
            "SELECT actor_name, operator_name, operator_id FROM audit_entry "
            "WHERE tenant_id = $1 AND action = 'plugin.activate' AND subject = 'lone'",
            tenant.info.id,
        )
    assert tuple(row) == ("Owner", helper.name, helper.person_id)


async def test_it_ends_by_its_time(kernel, enter, tenant, helper, clock):
    there = await enter(tenant, helper, minutes=15)
    clock.moment += timedelta(minutes=14, seconds=59)
    assert (await there.get("/sample/notes")).status_code == 200
    clock.moment += timedelta(seconds=1)
    assert (await there.get("/sample/notes")).status_code == 303


async def test_it_ends_by_its_own_button(enter, tenant, helper):
    there = await enter(tenant, helper)
    token = there.cookies["headgate_session"]
    ended = await there.post("/support/end")
    assert ended.status_code == 200
    assert "You no longer act in anybody" in ended.text
    there.cookies.set("headgate_session", token)
    assert (await there.get("/sample/notes")).status_code == 303


async def test_the_owner_ends_it(kernel, enter, client_for, tenant, helper, monkeypatch):
    monkeypatch.setattr(sessions, "CACHE_SECONDS", 0.0)
    there = await enter(tenant, helper)
    owner = await client_for(tenant, "owner")
    page = await owner.get("/settings/support")
    assert REASON in page.text
    async with kernel.context(tenant) as ctx:
        (one,) = await list_impersonations(ctx)
    assert (await owner.post(f"/settings/support/{one.id}", data={"decision": "end"})).status_code == 303
    assert (await there.get("/sample/notes")).status_code == 303
    assert "ended by Owner" in (await owner.get("/settings/support")).text


async def test_it_ends_when_the_operator_is_none_any_more(kernel, enter, tenant, helper, monkeypatch):
    monkeypatch.setattr(sessions, "CACHE_SECONDS", 0.0)
    there = await enter(tenant, helper)
    async with kernel.databases.platform_scope() as db:
        await db.execute("UPDATE person SET is_operator = false WHERE id = $1", helper.person_id)
    assert (await there.get("/sample/notes")).status_code == 303


async def test_an_owner_who_wants_to_be_asked_is_asked(kernel, browse, client_for, tenant, helper):
    await ask_first(kernel, tenant)
    console = await at_console(kernel, browse("console.localhost"), helper)
    page = f"/console/tenants/{tenant.info.slug}"
    form = {"member": str(await membership_of(kernel, tenant, "reader")), "reason": REASON, "minutes": "30"}
    answer = await console.post(f"{page}/help", data=form)
    assert answer.headers["location"] == f"{page}#help"
    async with kernel.context(tenant) as ctx:
        (one,) = await list_impersonations(ctx)
        mails = await ctx.db.fetch(
            "SELECT payload FROM job WHERE tenant_id = $1 AND payload::text LIKE '%support_request%'",
            tenant.info.id,
        )
    assert len(mails) == 1
    assert f"owner@{tenant.info.slug}.example" in mails[0]["payload"]
    refused = await console.post(f"{page}/help/{one.id}")
    assert refused.status_code == 409
    assert "has not answered yet" in refused.text
    owner = await client_for(tenant, "owner")
    assert (await owner.post(f"/settings/support/{one.id}", data={"decision": "allow"})).status_code == 303
    assert (await console.post(f"{page}/help/{one.id}")).headers["location"].startswith("http")


async def test_a_refusal_holds(kernel, tenant, helper):
    await ask_first(kernel, tenant)
    asked = await ask(kernel, tenant, helper)
    async with acting(kernel, tenant, "owner") as ctx:
        await decide_impersonation(ctx, asked.id, allowed=False)
    with pytest.raises(Conflict, match="refused"):
        async with operating(kernel, tenant, helper) as ctx:
            await begin_impersonation(ctx, asked.id)
    with pytest.raises(Conflict, match="refused"):
        async with acting(kernel, tenant, "owner") as ctx:
            await decide_impersonation(ctx, asked.id, allowed=True)


async def test_only_who_may_decide_does(kernel, tenant, helper):
    await ask_first(kernel, tenant)
    asked = await ask(kernel, tenant, helper)
    with pytest.raises(Forbidden):
        async with acting(kernel, tenant, "reader") as ctx:
            await decide_impersonation(ctx, asked.id, allowed=True)


async def test_a_request_and_a_permission_lapse(kernel, tenant, helper, clock):
    await ask_first(kernel, tenant)
    asked = await ask(kernel, tenant, helper)
    async with acting(kernel, tenant, "owner") as ctx:
        await decide_impersonation(ctx, asked.id, allowed=True)
    clock.moment += LAPSES
    with pytest.raises(Conflict, match="lapsed"):
        async with operating(kernel, tenant, helper) as ctx:
            await begin_impersonation(ctx, asked.id)


@pytest.mark.parametrize(
    ("reason", "minutes", "field"),
    [("", 30, "reason"), (" \n", 30, "reason"), ("x" * 501, 30, "reason"), (REASON, 0, "minutes"),
     (REASON, 61, "minutes")],
)  # fmt: skip
async def test_a_reason_and_an_hour_at_most(kernel, tenant, helper, reason, minutes, field):
    with pytest.raises(InvalidFields) as caught:
        await ask(kernel, tenant, helper, reason=reason, minutes=minutes)
    assert [problem.field for problem in caught.value.problems] == [field]


async def test_never_in_the_place_of_an_operator(kernel, tenant, helper):
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "UPDATE person SET is_operator = true WHERE id = "
            "(SELECT person_id FROM membership WHERE tenant_id = $1 AND login = $2)",
            tenant.info.id, f"owner@{tenant.info.slug}.example",
        )  # fmt: skip
    with pytest.raises(Forbidden, match="in the place of an operator"):
        await ask(kernel, tenant, helper)


async def test_never_in_the_place_of_a_buyer(kernel, tenant, helper):
    with pytest.raises(Invalid, match="staff"):
        await ask(kernel, tenant, helper, role="buyer")


async def test_nobody_of_another_tenant(kernel, tenant, other_tenant, helper):
    stranger = await membership_of(kernel, other_tenant, "owner")
    with pytest.raises(NotFound):
        async with operating(kernel, tenant, helper) as ctx:
            await ask_to_impersonate(ctx, SupportRequest(stranger, REASON, 5))


async def test_another_operators_permission_is_theirs(kernel, tenant, helper):
    asked = await ask(kernel, tenant, helper)
    with pytest.raises(Forbidden, match="Another operator"):
        async with operating(kernel, tenant, await new_operator(kernel, "Zhao")) as ctx:
            await begin_impersonation(ctx, asked.id)


async def test_only_operators_ask(kernel, tenant):
    member = await membership_of(kernel, tenant, "reader")
    with pytest.raises(Forbidden):
        async with acting(kernel, tenant, "owner") as ctx:
            await ask_to_impersonate(ctx, SupportRequest(member, REASON, 5))


async def test_ending_twice_changes_nothing(kernel, tenant, helper):
    asked = await ask(kernel, tenant, helper)
    async with operating(kernel, tenant, helper) as ctx:
        await end_impersonation(ctx, asked.id)
        first = await list_impersonations(ctx)
        await end_impersonation(ctx, asked.id)
        assert await list_impersonations(ctx) == first


async def test_an_operator_needs_a_recent_proof(kernel, browse, tenant, helper):
    console = await at_console(kernel, browse("console.localhost"), helper)
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "UPDATE session SET authenticated_at = authenticated_at - interval '11 minutes' "
            "WHERE person_id = $1",
            helper.person_id,
        )
    answer = await console.get(f"/console/tenants/{tenant.info.slug}/help")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/account/confirm?next=")


async def test_who_has_not_come_yet_is_not_offered(kernel, browse, tenant, helper):
    console = await at_console(kernel, browse("console.localhost"), helper)
    form = await console.get(f"/console/tenants/{tenant.info.slug}/help")
    assert "Owner" in form.text
    async with kernel.databases.platform_scope() as db:
        people = await save_people(
            db, [NewPerson(f"late@{tenant.info.slug}.example", "Latecomer")], kernel.clock.now()
        )
        person = next(iter(people.values()))
        await db.execute(
            "INSERT INTO membership (tenant_id, id, person_id, login, name, kind) "
            "VALUES ($1, $2, $2, $3, $4, 'staff')",
            tenant.info.id, person, f"late@{tenant.info.slug}.example", "Latecomer",
        )  # fmt: skip
        await db.execute(
            "INSERT INTO invitation (tenant_id, id, token_hash, person_id, membership_id, sent_to, "
            "invited_by, created_at, expires_at) VALUES ($1, $2, $3, $2, $2, '', '', now(), now())",
            tenant.info.id, person, person.bytes,
        )  # fmt: skip
    assert "Latecomer" not in (await console.get(f"/console/tenants/{tenant.info.slug}/help")).text


@pytest.mark.parametrize("template", ["support_request", "support_notice"])
@pytest.mark.parametrize("locale", ["en", "zh_CN"])
def test_owners_read_who_why_for_how_long_and_where_to_decide(kernel, tenant, template, locale):
    values = {
        "name": "Lin", "place": "Jincheng", "operator": "Wang Qin", "member": "Xu", "reason": REASON,
        "minutes": "30", "address": "http://jincheng.localhost/settings/support",
    }  # fmt: skip
    message = Message(
        channel="email", to="lin@jincheng.example", template=template, values=values, locale=locale
    )
    told = put_in_words(SendMessage(new_id(), kernel.clock.now(), message), kernel.catalogue, tenant.info)
    assert "Wang Qin" in told.subject
    for words in ("Xu", REASON, "30", values["address"]):
        assert words in told.text
    assert f'<a href="{values["address"]}"' in told.html
    assert "{" not in told.subject + told.text
