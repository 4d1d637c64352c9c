"""Who somebody at a distributor's identity provider is here."""

import asyncio

import pytest
from headgate_kernel.identity.invitations import invite
from headgate_kernel.identity.memberships import save_roles
from headgate_kernel.identity.oidc.errors import SsoRefused
from headgate_kernel.identity.oidc.sign_in import find_person
from headgate_kernel.identity.opening import open_session
from headgate_sdk.blueprint import RoleEntry


async def test_a_member_is_found_by_the_address_that_the_provider_vouches_for(
    set_up, dance, kernel, place, somebody, tenant, provider, audited
):
    await set_up()
    arrival = await dance()
    assert arrival.visit.next == "/desk"
    assert arrival.identity.subject == "u-1"
    owner = await somebody(tenant, "owner")
    assert await find_person(kernel, place, arrival.identity) == owner.person_id
    [(subject, details)] = await audited(tenant, "sso.link")
    assert (subject, details["provider_subject"]) == ("Owner", "u-1")


async def test_the_link_counts_and_not_the_address(set_up, dance, kernel, place, somebody, tenant, provider):
    await set_up()
    await find_person(kernel, place, (await dance()).identity)
    provider.user |= {"email": f"reader@{tenant.info.slug}.example"}
    owner = await somebody(tenant, "owner")
    assert await find_person(kernel, place, (await dance()).identity) == owner.person_id
    provider.user |= {"email": "", "email_verified": False}
    assert await find_person(kernel, place, (await dance()).identity) == owner.person_id


async def test_an_address_that_went_to_somebody_else_leads_nowhere(set_up, dance, kernel, place, provider):
    await set_up()
    await find_person(kernel, place, (await dance()).identity)
    provider.user["sub"] = "u-2"
    with pytest.raises(SsoRefused, match="another account at the provider"):
        await find_person(kernel, place, (await dance()).identity)


@pytest.mark.parametrize("verified", [False, None, "false", 1, "yes", []], ids=str)
async def test_an_address_that_nobody_vouches_for_leads_nowhere(
    set_up, dance, kernel, place, provider, verified
):
    provider.user["email_verified"] = verified
    await set_up()
    with pytest.raises(SsoRefused, match="does not vouch"):
        await find_person(kernel, place, (await dance()).identity)


@pytest.mark.parametrize("role", ["buyer"])
async def test_buyers_come_another_way(set_up, dance, kernel, place, provider, tenant, role):
    provider.user["email"] = f"{role}@{tenant.info.slug}.example"
    await set_up()
    with pytest.raises(SsoRefused, match="for the distributor's staff"):
        await find_person(kernel, place, (await dance()).identity)


async def test_somebody_who_has_left_comes_no_more(set_up, dance, kernel, place, tenant):
    await set_up()
    await find_person(kernel, place, (await dance()).identity)
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute("UPDATE membership SET state = 'ended' WHERE tenant_id = $1", tenant.info.id)
    with pytest.raises(SsoRefused, match="has ended"):
        await find_person(kernel, place, (await dance()).identity)


async def test_a_stranger_is_told_so(set_up, dance, kernel, place, provider):
    provider.user["email"] = "stranger@elsewhere.example"
    await set_up()
    with pytest.raises(SsoRefused, match=r"knows you as stranger@elsewhere\.example"):
        await find_person(kernel, place, (await dance()).identity)


async def test_a_domain_that_is_let_in_brings_new_staff(
    set_up, dance, kernel, place, provider, audited, tenant
):
    provider.user["email"] = "Wu.Fang@Staff.Example"
    await set_up(domains="@staff.example, other.example", role="reader")
    person_id = await find_person(kernel, place, (await dance()).identity)
    assert await find_person(kernel, place, (await dance()).identity) == person_id
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(
            """
            SELECT m.name, m.kind, m.login, r.key FROM membership m
            JOIN membership_role mr ON mr.tenant_id = m.tenant_id AND mr.membership_id = m.id
            JOIN role r ON r.tenant_id = mr.tenant_id AND r.id = mr.role_id
            WHERE m.tenant_id = $1 AND m.person_id = $2
            """,
            tenant.info.id, person_id,
        )  # fmt: skip
    assert tuple(row) == ("Wu Fang", "staff", "wu.fang@staff.example", "reader")
    assert [subject for subject, _ in await audited(tenant, "member.provision")] == ["Wu Fang"]


@pytest.mark.parametrize("email", ["a@sub.staff.example", "a@staff.example.evil"])
async def test_a_domain_that_only_looks_alike_brings_nobody(set_up, dance, kernel, place, provider, email):
    provider.user["email"] = email
    await set_up(domains="staff.example", role="reader")
    with pytest.raises(SsoRefused, match="nobody here signs in"):
        await find_person(kernel, place, (await dance()).identity)


@pytest.mark.parametrize(
    "email", ["staff.example", "a@b@staff.example", "a b@staff.example", "13800138000", 7]
)
async def test_what_is_no_address_brings_nobody(set_up, dance, kernel, place, provider, email):
    provider.user["email"] = email
    await set_up(domains="staff.example", role="reader")
    with pytest.raises(SsoRefused, match="does not tell your e-mail"):
        await find_person(kernel, place, (await dance()).identity)


async def test_many_first_sign_ins_at_once_make_one_person(set_up, dance, kernel, place, provider, tenant):
    provider.user["email"] = "new@staff.example"
    await set_up(domains="staff.example", role="reader")
    arrivals = [await dance() for _ in range(4)]
    found = await asyncio.gather(*(find_person(kernel, place, one.identity) for one in arrivals))
    assert len(set(found)) == 1


async def test_an_invitation_is_taken_up_by_who_the_provider_vouches_for(
    set_up, dance, kernel, place, tenant, somebody
):
    owner = await somebody(tenant, "owner")
    async with kernel.databases.platform_scope() as db:
        await invite(
            kernel, db, tenant_id=tenant.info.id, person_id=owner.person_id,
            membership_id=owner.membership_id, to=f"owner@{tenant.info.slug}.example", by="Boss",
        )  # fmt: skip
    await set_up()
    assert await find_person(kernel, place, (await dance()).identity) == owner.person_id
    opened = await open_session(kernel, person_id=owner.person_id, tenant_id=tenant.info.id, method="oidc",
                                address="", user_agent="tests")  # fmt: skip
    assert opened.needs == ""


async def test_a_role_that_is_gone_lets_nobody_in(set_up, dance, kernel, place, provider, tenant):
    async with kernel.context(tenant) as ctx:
        await save_roles(ctx, [RoleEntry("helper", "Helper", ())])
    provider.user["email"] = "new@staff.example"
    await set_up(domains="staff.example", role="helper")
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute("DELETE FROM role WHERE tenant_id = $1 AND key = 'helper'", tenant.info.id)
    with pytest.raises(SsoRefused, match="role"):
        await find_person(kernel, place, (await dance()).identity)
