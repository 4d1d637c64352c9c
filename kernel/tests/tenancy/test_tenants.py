"""Tenants: their profile, their address, and how processes learn of a change."""

import asyncio

import msgspec
import pytest
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy import directory as module
from headgate_kernel.tenancy.tenants import check_profile, save_tenant
from headgate_sdk.blueprint import Profile
from headgate_sdk.errors import Conflict, Invalid, NotFound

FINE = Profile(slug="fine", name="Fine", currency="CNY", timezone="Asia/Shanghai")


async def save(kernel, profile):
    async with kernel.databases.platform_scope() as db:
        return await save_tenant(db, profile, domain="localhost", at=kernel.clock.now())


def profile_of(tenant, **changes):
    info = tenant.info
    return Profile(
        **(
            {
                "slug": info.slug,
                "name": info.name,
                "currency": "CNY",
                "timezone": info.timezone,
                "locale": "en",
            }
            | changes
        )
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", ""), ("slug", "a"), ("slug", "Upper"), ("slug", "1st"), ("slug", "x-"), ("slug", "a b"),
        ("slug", "a.b"), ("slug", "a_b"), ("slug", "x" * 41), ("slug", "渠首"), ("slug", "x\n"),
        ("currency", "cny"), ("currency", "RMB¥"), ("currency", ""),
        ("timezone", "Shanghai"), ("timezone", ""), ("timezone", "../../etc/passwd"), ("timezone", "Asia"),
        ("locale", "fr"), ("locale", ""), ("brand_colour", "red"), ("brand_colour", "#fff"),
        ("brand_colour", "#12345g"), ("brand_colour", "#0b6e4f;}"),
        ("host", "Upper"), ("host", "a b"), ("host", "a:80"), ("host", "-a"), ("host", "console"),
        ("host", "www"),
    ],
)  # fmt: skip
def test_a_profile_that_cannot_be_used_names_its_field(field, value):
    with pytest.raises(Invalid) as caught:
        check_profile(msgspec.structs.replace(FINE, **{field: value}))
    assert caught.value.field == f"profile.{field}"


@pytest.mark.parametrize("slug", ["console", "www", "api", "static", "admin"])
def test_reserved_names_are_no_address(slug):
    with pytest.raises(Invalid, match="reserved"):
        check_profile(msgspec.structs.replace(FINE, slug=slug))


@pytest.mark.parametrize("slug", ["ab", "a1", "jin-cheng", "x" * 40])
def test_usual_profiles_are_taken(slug):
    check_profile(msgspec.structs.replace(FINE, slug=slug, host="orders.east"))


async def test_a_tenant_answers_at_its_short_name(kernel, tenant):
    found = await kernel.directory.by_host(f"{tenant.info.slug}.localhost")
    assert found == tenant
    assert found.info.timezone == "Asia/Shanghai"


async def test_an_unknown_short_name_is_told(kernel):
    with pytest.raises(NotFound, match="There is no tenant called nobody"):
        await kernel.tenant("nobody")


async def test_saving_again_changes_the_profile_and_keeps_number_and_currency(kernel, tenant):
    changed = profile_of(
        tenant, name="New name", currency="GBP", brand_colour="#123456", timezone="Europe/London"
    )
    assert await save(kernel, changed) == tenant.info.id
    after = (await kernel.tenant(tenant.info.slug)).info
    assert (after.name, after.brand_colour, after.timezone) == ("New name", "#123456", "Europe/London")
    assert after.currency == "CNY"  # the books are kept in it


async def test_a_second_address_leads_to_the_same_tenant(kernel, tenant):
    await save(kernel, profile_of(tenant, host=f"shop.{tenant.info.slug}"))
    for host in (f"{tenant.info.slug}.localhost", f"shop.{tenant.info.slug}.localhost"):
        assert (await kernel.directory.by_host(host)).info.id == tenant.info.id


async def test_an_address_cannot_be_taken_from_another(kernel, tenant, other_tenant):
    with pytest.raises(Conflict) as caught:
        await save(kernel, profile_of(other_tenant, name="Thief", host=tenant.info.slug))
    assert caught.value.field == "profile.host"
    assert (await kernel.directory.by_host(f"{tenant.info.slug}.localhost")).info.id == tenant.info.id
    assert (await kernel.tenant(other_tenant.info.slug)).info.name == other_tenant.info.name


async def test_another_worker_sees_a_changed_profile(kernel, tenant, monkeypatch):
    other = Kernel(kernel.settings, kernel.databases, kernel.host)
    host = f"{tenant.info.slug}.localhost"
    assert (await other.directory.by_host(host)).info.name == tenant.info.name
    await save(kernel, profile_of(tenant, name="Changed"))
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.0)
    assert (await other.directory.by_host(host)).info.name == "Changed"


async def test_an_unchanged_tenant_is_not_read_again(kernel, tenant, monkeypatch):
    host = f"{tenant.info.slug}.localhost"
    held = await kernel.directory.by_host(host)
    monkeypatch.setattr(module, "CHECK_SECONDS", 0.0)
    assert await kernel.directory.by_host(host) is held


async def test_an_unknown_host_is_remembered_for_a_moment_and_then_asked_again(
    kernel, monkeypatch, new_tenant
):
    other = Kernel(kernel.settings, kernel.databases, kernel.host)
    tenant = await new_tenant()
    host = f"late-{tenant.info.slug}.localhost"
    assert await other.directory.by_host(host) is None
    await save(kernel, profile_of(tenant, host=f"late-{tenant.info.slug}"))
    assert await other.directory.by_host(host) is None
    monkeypatch.setattr(module, "UNKNOWN_SECONDS", 0.0)
    assert (await other.directory.by_host(host)).info.id == tenant.info.id


async def test_the_memory_for_unknown_hosts_is_bounded(kernel, monkeypatch):
    monkeypatch.setattr(module, "UNKNOWN_ENTRIES", 5)
    other = Kernel(kernel.settings, kernel.databases, kernel.host)
    for number in range(12):
        assert await other.directory.by_host(f"guess{number}.localhost") is None
    assert len(other.directory._unknown) <= 5


async def test_a_change_while_a_tenant_is_read_is_not_missed(kernel, tenant, monkeypatch):
    other = Kernel(kernel.settings, kernel.databases, kernel.host)
    host = f"{tenant.info.slug}.localhost"
    as_read = module.TenantDirectory._tenant

    def change_meanwhile(self, row):
        self.forget(row["id"])
        return as_read(self, row)

    with monkeypatch.context() as patch:
        patch.setattr(module.TenantDirectory, "_tenant", change_meanwhile)
        assert (await other.directory.by_host(host)).info.id == tenant.info.id
    assert host not in other.directory._by_host


async def test_many_requests_for_a_fresh_host_agree(kernel, tenant):
    other = Kernel(kernel.settings, kernel.databases, kernel.host)
    found = await asyncio.gather(
        *(other.directory.by_host(f"{tenant.info.slug}.localhost") for _ in range(20))
    )
    assert {one.info.id for one in found} == {tenant.info.id}
