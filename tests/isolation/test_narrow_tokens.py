"""An API token opens what its scopes say, and no page, whatever the person behind it may do."""

import httpx
import pytest
from headgate_sdk.context import covers
from headgate_sdk.web import PUBLIC, SIGNED_IN

from tests.shop_people import narrow_token

from .arguments import CALLS, request_of
from .conftest import own_ids
from .test_routes import OPEN

SCOPE = "trade.stock.read"


@pytest.fixture(scope="session")
async def narrow(app, kernel, house):
    """A program with a token of the owner that may see the stock, and nothing else."""
    token = await narrow_token(kernel, house.mine.tenant, SCOPE)
    async with (
        kernel.databases.platform_scope() as db
    ):  # else the use is noted now and then, between two looks
        await db.execute(
            "UPDATE api_token SET last_used_at = now() + interval '1 day' WHERE tenant_id = $1",
            house.mine.tenant.info.id,
        )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url=f"http://{house.mine.tenant.info.slug}.localhost",
        headers={"authorization": f"Bearer {token}", "accept-encoding": "identity"},
    ) as client:  # fmt: skip
        yield client


async def test_it_opens_what_it_is_for(house, narrow):
    answer = await narrow.get("/api/v1/stock", params={"sku_id": own_ids(house.mine)["sku"]})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [pytest.param(*key, id=" ".join(key)) for key in sorted(OPEN) if key in CALLS]
)
async def test_it_opens_nothing_else(house, narrow, method, path):
    options = OPEN[method, path]
    if options.get("surface") == "static" or options.get("face") == "console":
        return
    api = options["surface"] == "api"
    if api and (options["permission"] == PUBLIC or covers([SCOPE], options["permission"])):
        return
    if api and options["permission"] == SIGNED_IN and options.get("token"):
        return
    for call in CALLS[method, path]:
        async with house.unchanged():
            answer = await narrow.request(**request_of(method, path, call, own_ids(house.mine)))
        assert answer.status_code == 403, answer.text[-2000:]
        assert house.mine.canary not in answer.text
