"""Signing in with a code: pages and JSON."""

import re

from headgate_kernel.identity.sign_in_policy import save_phone_policy
from headgate_kernel.jobs.draining import run_due_jobs

from .walking import code_for


async def test_the_pages_lead_from_the_number_to_the_desk(kernel, tenant, give_phone, number, client_for):
    await give_phone(tenant, "buyer")
    client = await client_for(tenant)
    page = await client.get("/sign-in/phone?next=/mall/cart")
    assert 'type="tel"' in page.text
    page = await client.post("/sign-in/phone", data={"phone": number, "next": "/mall/cart"})
    assert page.status_code == 200
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)[1]
    await run_due_jobs(kernel, [tenant.info.id])
    form = {"ticket": ticket, "code": "000000x", "phone": number, "next": "/mall/cart"}
    refused = await client.post("/sign-in/phone/code", data=form)
    assert refused.status_code == 422
    assert "4 more tries" in refused.text
    answer = await client.post("/sign-in/phone/code", data=form | {"code": code_for(kernel, number)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/mall/cart")
    me = (await client.get("/api/v1/me")).json()
    assert me["kind"] == "customer"


async def test_a_page_that_wants_to_lead_away_leads_home(kernel, tenant, give_phone, number, client_for, ask):
    await give_phone(tenant, "buyer")
    asked = await ask()
    form = {"ticket": asked.ticket, "code": code_for(kernel, number), "next": "//evil.example"}
    answer = await (await client_for(tenant)).post("/sign-in/phone/code", data=form)
    assert answer.headers["location"] == "/"


async def test_programs_sign_in_with_a_code(kernel, tenant, give_phone, number, browse):
    await give_phone(tenant, "buyer")
    client = browse(f"{tenant.info.slug}.localhost")
    asked = await client.post("/api/v1/sessions/phone-code", json={"phone": number})
    assert asked.status_code == 202
    assert asked.json() == {"ticket": asked.json()["ticket"], "resend_after": 60, "expires_in": 300}
    again = await client.post("/api/v1/sessions/phone-code", json={"phone": number})
    assert (again.status_code, again.json()["code"]) == (429, "too_many_codes")
    await run_due_jobs(kernel, [tenant.info.id])
    answer = await client.post(
        "/api/v1/sessions/phone-code/redeem",
        json={"ticket": asked.json()["ticket"], "code": code_for(kernel, number)},
    )
    assert answer.json()["needs"] == ""
    me = await client.get("/api/v1/me", headers={"authorization": f"Bearer {answer.json()['token']}"})
    assert me.json()["name"] == "Buyer"


async def test_a_second_factor_is_asked_for_all_the_same(kernel, tenant, give_phone, number, browse):
    owner = await give_phone(tenant, "owner")
    async with kernel.context(tenant) as ctx:
        await save_phone_policy(ctx, customers=True, staff=True)
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            """
            INSERT INTO person_totp (id, person_id, secret, created_at, confirmed_at)
            VALUES (gen_random_uuid(), $1, 'sealed', $2, $2)
            """,
            owner.person_id, kernel.clock.now(),
        )  # fmt: skip
    client = browse(f"{tenant.info.slug}.localhost")
    asked = (await client.post("/api/v1/sessions/phone-code", json={"phone": number})).json()
    await run_due_jobs(kernel, [tenant.info.id])
    form = {"ticket": asked["ticket"], "code": code_for(kernel, number)}
    answer = await client.post("/sign-in/phone/code", data=form)
    assert answer.headers["location"].startswith("/sign-in/second-factor")
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_the_console_sends_no_codes(browse):
    assert (await browse("console.localhost").get("/sign-in/phone")).status_code == 404
