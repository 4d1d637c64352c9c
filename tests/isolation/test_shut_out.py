"""Who may not come in any more: people whose access ended, and all while the distributor is suspended."""

import pytest
from headgate_kernel.tenancy.operating import operating
from headgate_kernel.tenancy.suspension import resume_tenant, suspend_tenant
from headgate_sdk.context import Actor
from headgate_sdk.testing.tenants import make_tenant
from headgate_sdk.web import PUBLIC

from tests.shop import fill_shop

from .arguments import CALLS, request_of
from .conftest import own_ids
from .test_routes import OPEN

OPERATOR = Actor("operator", "Operator")
ASKED = [
    key
    for key in sorted(OPEN)
    if key in CALLS and OPEN[key].get("face") != "console" and OPEN[key].get("surface") != "static"
]


@pytest.fixture(scope="session")
async def shut(kernel, app, open_client):
    """A distributor of its own, so that others go on."""
    return await fill_shop(kernel, await make_tenant(kernel))


async def test_who_was_let_go_finds_everything_closed(kernel, shut, open_client):
    """With the session that was open when it happened, as page and as API."""
    clerk = await open_client(shut, "clerk", fresh=True)
    bearer = await open_client(shut, "clerk", bearer=True, fresh=True)
    assert (await clerk.get("/desk/inbox")).status_code == 200
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "UPDATE membership SET state = 'ended' WHERE tenant_id = $1 AND login = $2",
            shut.tenant.info.id, f"clerk@{shut.tenant.info.slug}.example",
        )  # fmt: skip
    kernel.sessions.forget_all()
    for method, path in ASKED:
        if OPEN[method, path]["permission"] == PUBLIC:
            continue
        for call in CALLS[method, path]:
            for client in (clerk, bearer):
                answer = await client.request(**request_of(method, path, call, own_ids(shut)))
                closed = answer.status_code in {401, 404} or answer.headers.get("location", "").startswith(
                    "/sign-in"
                )
                assert closed, (method, path, answer.status_code, answer.text[-800:])
                assert shut.canary not in answer.text


async def test_nobody_gets_anything_while_the_distributor_is_suspended(kernel, shut, open_client):
    owner = await open_client(shut, "owner", fresh=True)
    nobody = await open_client(shut, "", fresh=True)
    async with operating(kernel, shut.tenant, OPERATOR) as ctx:
        await suspend_tenant(ctx, reason="unpaid", notice="Please call us.")
    open_still = set()
    try:
        for method, path in ASKED:
            for call in CALLS[method, path]:
                for client in (owner, nobody):
                    answer = await client.request(**request_of(method, path, call, own_ids(shut)))
                    assert shut.canary not in answer.text
                    if answer.status_code != 503:
                        open_still.add((method, path))
    finally:
        async with operating(kernel, await kernel.tenant(shut.tenant.info.slug), OPERATOR) as ctx:
            await resume_tenant(ctx, reason="paid")
    assert open_still == {("GET", "/brand.css")}, "the page that says so needs its colour"
    assert (await owner.get("/desk/inbox")).status_code == 200, "sessions outlive a suspension"
