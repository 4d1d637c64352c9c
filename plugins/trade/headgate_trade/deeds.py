"""What trade writes to the audit log, in words."""

from collections.abc import Mapping

from headgate_sdk.i18n import N_

DEEDS: Mapping[str, str] = {
    "trade.attribute.removed": N_("Attribute removed"),
    "trade.attributes.saved": N_("Attributes saved"),
    "trade.catalogue.saved": N_("Products saved"),
    "trade.credit_notes.booked": N_("Credit notes booked"),
    "trade.customer.member_ended": N_("Access of a customer's person ended"),
    "trade.customer.member_linked": N_("Person connected with a customer"),
    "trade.customer.member_role": N_("Role in the customer's company changed"),
    "trade.customer_group.saved": N_("Customer group saved"),
    "trade.customers.saved": N_("Customers saved"),
    "trade.price_level.saved": N_("Price level saved"),
    "trade.price_list.saved": N_("Price list saved"),
    "trade.prices.set": N_("Prices set"),
    "trade.product.image_set": N_("Picture of a product set"),
    "trade.sku.status_set": N_("Item stopped or activated"),
    "trade.stock.adjusted": N_("Stock corrected"),
    "trade.stock.changed_by_hand": N_("Stock changed by hand"),
}
"""English msgids by action."""
