"""The workbench is for the distributor's people: buyers may read the catalogue, but in the mall."""

from headgate_sdk.context import Context
from headgate_sdk.errors import Forbidden
from headgate_sdk.i18n import N_


def require_staff(ctx: Context) -> None:
    """Insist that the reader works for the distributor.

    Raises:
        Forbidden: a customer's buyer.
    """
    if ctx.actor.kind == "customer":
        raise Forbidden(N_("This page is for the distributor's staff."))
