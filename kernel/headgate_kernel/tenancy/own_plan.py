"""The plan of the tenant whose work it is, as its own transaction sees it."""

from typing import TYPE_CHECKING

from headgate_kernel.tenancy.plan_terms import Plan, decode_plan

if TYPE_CHECKING:
    from headgate_sdk.database import Database


async def own_plan(db: "Database") -> Plan:
    """Give the plan of the tenant in whose scope the transaction runs, as it is at this moment."""
    return decode_plan(await db.fetch_value("SELECT terms FROM headgate_own_plan()"))


async def hold_own_plan(db: "Database") -> Plan:
    """Give the same, and keep it from being changed until the transaction ends."""
    return decode_plan(await db.fetch_value("SELECT terms FROM headgate_hold_own_plan()"))
