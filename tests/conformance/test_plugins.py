"""The plugins that come with Headgate, each under the conformance kit."""

from decimal import Decimal

from headgate_order_minimum.rules import RuleInput, replace_rules
from headgate_sdk.testing.conformance import PluginConformance
from headgate_trade.api import get_cart

from tests.shop import fill_shop


class Filled(PluginConformance):
    """With a shop whose orders have all come to their end."""

    async def fill(self, kernel, tenant):
        await fill_shop(kernel, tenant, open_orders=False)


class TestTrade(Filled):
    plugin = "trade"


class TestMall(Filled):
    plugin = "mall"


class TestOrderMinimum(Filled):
    plugin = "order-minimum"
    slot_role = "buyer"

    async def fill(self, kernel, tenant):
        await super().fill(kernel, tenant)
        async with kernel.context(tenant) as ctx:
            await replace_rules(ctx, [RuleInput(None, Decimal(500))])

    async def slot_data(self, ctx, place):
        assert place == "mall.cart"
        return await get_cart(ctx)


def test_no_installed_plugin_is_left_out(kernel):
    tested = {one.plugin for one in globals().values() if isinstance(one, type) and hasattr(one, "plugin")}
    assert set(kernel.host.by_id) == tested
