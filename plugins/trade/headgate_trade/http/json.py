"""The staff's part of the JSON API: the use cases of the workbench, for other systems and scripts."""

from litestar.types import ControllerRouterHandler

from headgate_trade.http import json_catalogue, json_customers, json_members, json_orders, json_stock

HANDLERS: tuple[ControllerRouterHandler, ...] = (
    *json_catalogue.HANDLERS,
    *json_customers.HANDLERS,
    *json_members.HANDLERS,
    *json_orders.HANDLERS,
    *json_stock.HANDLERS,
)
