"""What the sign-in page and the confirmation offer beside a password, and where a browser says that it is."""

from typing import Any

import msgspec
from headgate_sdk.errors import HeadgateError
from litestar import Response

from headgate_kernel.identity.passkey_challenges import Site
from headgate_kernel.identity.passkeys import has_passkey
from headgate_kernel.identity.sign_in_policy import read_ways
from headgate_kernel.web.pages.visit import Visit, show_entry

PLATFORM_NAME = "Headgate"


class ConfirmWays(msgspec.Struct, frozen=True):
    """How somebody may confirm that it is them, beside a password or code.

    Args:
        passkey: they have one at this host.
        sso: name of the identity provider through which they came; empty otherwise.
    """

    passkey: bool
    sso: str


async def show_sign_in(
    visit: Visit, *, form: msgspec.Struct, done: str = "", error: HeadgateError | None = None
) -> Response[Any]:
    """Render the sign-in page with the ways that are open here."""
    async with visit.kernel.databases.platform_scope() as db:
        ways = await read_ways(db, visit.tenant_id)
    return show_entry(visit, "sign_in.html", error=error, form=form, done=done, ways=ways)


async def confirm_ways(visit: Visit) -> ConfirmWays:
    """Give how the visitor may confirm that it is them."""
    person_id = visit.session.person_id
    async with visit.kernel.databases.platform_scope() as db:
        passkey = person_id is not None and await has_passkey(db, person_id, site_of(visit).host)
        sso = (await read_ways(db, visit.tenant_id)).sso if visit.session.method == "oidc" else ""
    return ConfirmWays(passkey, sso)


def origin_of(visit: Visit) -> str:
    """Give scheme, host and port as the visitor's browser has them; the gate knows the host.

    Behind a proxy the connection's own scheme says nothing, so it goes by the settings.
    """
    scheme = "https" if visit.kernel.settings.secure_cookies else "http"
    return f"{scheme}://{visit.request.headers['host'].lower()}"


def site_of(visit: Visit) -> Site:
    """Give where passkeys of this visit are made and used."""
    host = visit.request.headers["host"].lower()
    return Site(
        host.rpartition(":")[0] or host,
        origin_of(visit),
        visit.tenant_id,
        visit.state.tenant.info.name if visit.state.tenant else PLATFORM_NAME,
        visit.address,
    )
