"""Which routes an API token opens: those of the JSON API that work with the distributor's data."""

from collections.abc import Mapping
from typing import Any

from headgate_sdk.context import Actor
from headgate_sdk.errors import Forbidden
from headgate_sdk.i18n import N_
from headgate_sdk.web import SIGNED_IN


def check_token_route(actor: Actor, options: Mapping[str, Any]) -> None:
    """Keep tokens out of pages, and of what belongs to a person: credentials, sessions, proofs of identity.

    A route for whoever is signed in says `"token": True` if a program may ask it too.

    Args:
        actor: who asks; only behind a token do they have scopes.
        options: of the route.

    Raises:
        Forbidden: not with a token.
    """
    if actor.scopes is None:
        return
    if options.get("surface") != "api":
        raise Forbidden(N_("An API token opens the JSON API only. Sign in to see pages."))
    of_a_person = options.get("permission") == SIGNED_IN and not options.get("token")
    if of_a_person or options.get("recent") or options.get("personal"):
        raise Forbidden(N_("This is not possible with an API token. Sign in yourself."))
