"""The plugin's table as Piccolo sees it."""

from headgate_sdk.tables import TenantTable
from piccolo.columns import UUID, BigInt, Text, Timestamptz
from piccolo.table import Table


class OrderMinimumRule(TenantTable, Table, tablename="order_minimum_rule"):
    """The smallest order of one customer group, or of everybody else where `group_id` is null."""

    id = UUID(primary_key=True, default=None)
    group_id = UUID(null=True, default=None)
    amount = BigInt()
    currency = Text()
    changed_at = Timestamptz(default=None)
    changed_by = Text()
