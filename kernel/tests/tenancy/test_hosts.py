"""Addresses of a tenant: checked, its own, never none."""

import pytest
from headgate_kernel.tenancy import directory as module
from headgate_kernel.tenancy.hosts import add_host, check_host, list_hosts, remove_host
from headgate_kernel.tenancy.operating import operating
from headgate_sdk.errors import Conflict, Invalid
from headgate_sdk.testing.operators import at_console, new_operator


@pytest.fixture
async def operator_actor(kernel):
    return await new_operator(kernel)


@pytest.mark.parametrize(
    ("text", "host"),
    [("orders", "orders.localhost"), (" Orders ", "orders.localhost"), ("order.firm.cn", "order.firm.cn"),
     ("order.firm.cn.", "order.firm.cn"), ("a.b.localhost", "a.b.localhost")],
)  # fmt: skip
def test_a_word_or_a_whole_name_is_taken(text, host):
    assert check_host(text, domain="localhost") == host


@pytest.mark.parametrize(
    "text", ["", " ", "a b", "-a", "a_b.cn", "渠首.cn", "localhost", "console", "www.localhost", "a" * 64, "http://a.cn",
             "a.cn:80", ("a" * 60 + ".") * 5 + "cn"],
)  # fmt: skip
def test_what_is_none_or_reserved_is_refused(text):
    with pytest.raises(Invalid) as caught:
        check_host(text, domain="localhost")
    assert caught.value.field == "host"


async def test_a_new_address_leads_to_the_tenant_and_a_removed_one_nowhere(
    kernel, browse, tenant, operator_actor, monkeypatch
):
    monkeypatch.setattr(module, "UNKNOWN_SECONDS", 0.0)
    own = f"shop.{tenant.info.slug}.cn"
    assert (await browse(own).get("/sign-in")).status_code == 404
    async with operating(kernel, tenant, operator_actor) as ctx:
        assert await add_host(ctx, own, domain="localhost") == own
        assert len(await list_hosts(ctx)) == 2
    page = await browse(own).get("/sign-in")
    assert page.status_code == 200
    assert tenant.info.name in page.text
    async with operating(kernel, tenant, operator_actor) as ctx:
        await remove_host(ctx, own)
    assert (await browse(own).get("/sign-in")).status_code == 404


async def test_anothers_address_and_the_last_one_stay(kernel, tenant, other_tenant, operator_actor):
    async with operating(kernel, tenant, operator_actor) as ctx:
        (only,) = await list_hosts(ctx)
        with pytest.raises(Conflict, match="another distributor"):
            await add_host(ctx, other_tenant.info.slug, domain="localhost")
        with pytest.raises(Conflict, match="only address"):
            await remove_host(ctx, only)
        with pytest.raises(Invalid, match="does not have"):
            await remove_host(ctx, f"{other_tenant.info.slug}.localhost")
    assert (await kernel.directory.by_host(f"{other_tenant.info.slug}.localhost")).info == other_tenant.info


async def test_the_console_adds_and_removes(kernel, browse, tenant, operator_actor):
    console = await at_console(kernel, browse("console.localhost"), operator_actor)
    page = f"/console/tenants/{tenant.info.slug}"
    refused = await console.post(f"{page}/hosts", data={"host": "a b"})
    assert refused.status_code == 422
    assert 'id="e-host"' in refused.text
    assert 'value="a b"' in refused.text
    assert (await console.post(f"{page}/hosts", data={"host": f"two-{tenant.info.slug}"})).status_code == 303
    assert f"two-{tenant.info.slug}.localhost" in (await console.get(page)).text
    gone = await console.post(f"{page}/hosts/remove", data={"host": f"two-{tenant.info.slug}.localhost"})
    assert gone.status_code == 303
    shown = (await console.get(page)).text
    assert "Address added" in shown
    assert "Address removed" in shown


async def test_the_page_of_no_tenant_is_none(kernel, browse, operator_actor):
    console = await at_console(kernel, browse("console.localhost"), operator_actor)
    for path in ("/console/tenants/nobody", "/console/tenants/nobody/help", "/console/tenants/nobody/sample"):
        assert (await console.get(path)).status_code == 404
