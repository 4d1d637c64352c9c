"""Which routes an operator in somebody's place does not open: credentials, and what needs a fresh proof."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from headgate_sdk.errors import Forbidden
from headgate_sdk.i18n import N_

if TYPE_CHECKING:
    from headgate_kernel.identity.sessions import Session


def check_impersonation_route(session: "Session", options: Mapping[str, Any]) -> None:
    """Keep an impersonation out of what belongs to the person alone.

    A route says `"impersonation": "no"`; one that is `recent` is closed anyhow, for the operator is not the
    person who could prove anything.

    Args:
        session: who asks.
        options: of the route.

    Raises:
        Forbidden: inside an impersonation.
    """
    if session.impersonation_id is None:
        return
    if options.get("impersonation") == "no" or options.get("recent"):
        raise Forbidden(N_("Only the person themselves may do this, not an operator in their place."))
