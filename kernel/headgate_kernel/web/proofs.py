"""What a session must have proved before a route opens: see `Gate`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from headgate_sdk.context import ANONYMOUS
from headgate_sdk.errors import Forbidden, HeadgateError
from headgate_sdk.i18n import N_
from headgate_sdk.web import PUBLIC

from headgate_kernel.identity.session_limits import RECENT
from headgate_kernel.identity.sessions import Session, is_vouched_for_here_only


class StepUpRequired(HeadgateError):
    """The person is known, and must show once more that it is they: the route says `recent`."""

    code = "step_up_required"
    status = 403


class SetupRequired(HeadgateError):
    """The person's role needs a second factor and they have none yet."""

    code = "second_factor_setup_required"
    status = 403


def as_far_as_proved(session: Session, options: Mapping[str, Any]) -> Session:
    """Give the session as it counts at a route.

    Who must set up a second factor first is nobody at public routes, and gets no further than to routes with
    the option `setup`.

    Raises:
        SetupRequired: says so at all other routes.
    """
    if session.state != "setup" or options.get("setup"):
        return session
    if options.get("permission") != PUBLIC:
        raise SetupRequired(N_("Your role needs a second step at sign-in. Please set it up first."))
    return msgspec.structs.replace(session, actor=ANONYMOUS)


def check_proofs(session: Session, options: Mapping[str, Any], now: datetime) -> None:
    """Check the options `personal` and `recent` of a route for somebody who may open it.

    Raises:
        Forbidden: an operator acts in the person's place, or a distributor's identity provider alone says who
            it is; what is personal stays with the person.
        StepUpRequired: the last proof of who it is was too long ago.
    """
    recent = options.get("recent")
    if session.impersonation_id is not None and (recent or options.get("personal")):
        raise Forbidden(N_("This is for the person alone. It is closed to who acts in their place."))
    if recent and options.get("personal") and is_vouched_for_here_only(session):
        raise Forbidden(
            N_(
                "You came in through this distributor's identity provider, which vouches for you here only. "
                "Sign out and sign in with your own password or passkey to change this."
            )
        )
    if recent and not is_recent(session, now):
        raise StepUpRequired(N_("Please confirm first that it is you."))


def is_recent(session: Session, now: datetime) -> bool:
    """Tell whether the person proved who they are a short while ago."""
    return session.authenticated_at is not None and now - session.authenticated_at < RECENT
