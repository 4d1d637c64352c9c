"""The way to an identity provider and back: for a distributor's staff, and for operators at the console."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_

from headgate_kernel.identity.oidc.errors import SsoRefused
from headgate_kernel.identity.oidc.exchange import (
    Client,
    Identity,
    authorization_url,
    check_answer,
    identify,
)
from headgate_kernel.identity.oidc.operators import client_of_console, find_operator
from headgate_kernel.identity.oidc.settings import client_of_tenant
from headgate_kernel.identity.oidc.staff import find_staff
from headgate_kernel.identity.oidc.visits import Purpose, Visit, begin_visit, take_visit
from headgate_kernel.identity.pace import Pace, admit

if TYPE_CHECKING:
    from headgate_sdk.database import Database

    from headgate_kernel.runtime import Kernel
    from headgate_kernel.tenancy.directory import Tenant


BY_ADDRESS = Pace("visits to a provider from one address", burst=200, every=timedelta(seconds=2))


class Place(msgspec.Struct, frozen=True):
    """Where somebody signs in.

    Args:
        tenant: the distributor; None is the operator's console.
        redirect_uri: to which the provider sends the browser back.
        address: network address of who asks.
        locale: of the reader.
    """

    tenant: "Tenant | None"
    redirect_uri: str
    address: str
    locale: str


class Departure(msgspec.Struct, frozen=True):
    """A browser that goes to a provider.

    Args:
        url: where to.
        browser: secret for its cookie.
        provider: name of the provider.
    """

    url: str
    browser: str
    provider: str


class Arrival(msgspec.Struct, frozen=True):
    """A browser that came back: from which visit, and as whom."""

    visit: Visit
    identity: Identity


async def depart(
    kernel: "Kernel",
    place: Place,
    purpose: Purpose,
    *,
    next_path: str,
    browser: str,
    person_id: UUID | None = None,
) -> Departure:
    """Send a browser to the provider.

    Args:
        kernel: of the process.
        place: where it comes from.
        purpose: what for.
        next_path: where the person wants to go in the end.
        browser: secret that the browser has already; empty when it has none.
        person_id: who they are, where that is known.

    Raises:
        NotFound: there is no provider here.
        TooManyTries: begun too often from there.
        ProviderFailed: it cannot be asked.
    """
    async with kernel.databases.platform_scope() as db:
        client = await client_at(kernel, db, place.tenant)
    if client is None:
        raise NotFound(N_("No identity provider is set up here. Sign in with your password."))
    async with kernel.databases.platform_scope() as db:
        await admit(db, BY_ADDRESS, kernel.clock.now(), place.address)
    metadata = await kernel.identity_providers.metadata(client.issuer)
    async with kernel.databases.platform_scope() as db:
        started = await begin_visit(
            db, tenant_id=place.tenant.info.id if place.tenant else None, purpose=purpose,
            issuer=client.issuer, next_path=next_path, browser=browser, now=kernel.clock.now(),
            person_id=person_id,
        )  # fmt: skip
    url = authorization_url(
        metadata, client, started, redirect_uri=place.redirect_uri, locale=place.locale,
        again=purpose == "confirm",
    )  # fmt: skip
    return Departure(url, started.browser, client.name)


async def arrive(kernel: "Kernel", place: Place, answer: Mapping[str, str], browser: str) -> Arrival:
    """Take a browser back from the provider.

    Args:
        kernel: of the process.
        place: where it comes to.
        answer: what the provider sent along: `state`, `code`, `iss`, `error`.
        browser: secret of its cookie.

    Raises:
        SsoRefused: says why this is no sign-in.
        ProviderFailed: the provider cannot be asked, or refuses us.
    """
    async with kernel.databases.platform_scope() as db:
        visit = await take_visit(
            db, tenant_id=place.tenant.info.id if place.tenant else None, state=answer.get("state", ""),
            browser=browser, now=kernel.clock.now(),
        )  # fmt: skip
    async with kernel.databases.platform_scope() as db:
        client = await client_at(kernel, db, place.tenant)
    if client is None or client.issuer != visit.issuer:
        raise SsoRefused(N_("The provider was changed here meanwhile. Please start again."))
    metadata = await kernel.identity_providers.metadata(client.issuer)
    code = check_answer(metadata, answer)
    identity = await identify(
        kernel.identity_providers, metadata, client, visit, code, redirect_uri=place.redirect_uri,
        now=kernel.clock.now(),
    )  # fmt: skip
    return Arrival(visit, identity)


async def find_person(kernel: "Kernel", place: Place, identity: Identity) -> UUID:
    """Give the person behind an identity at a place.

    Raises:
        SsoRefused: says why nobody is meant.
        QuotaExceeded: the plan has no place for another member.
    """
    if place.tenant is None:
        return await find_operator(kernel, identity)
    return await find_staff(kernel, place.tenant, identity, address=place.address)


async def client_at(kernel: "Kernel", db: "Database", tenant: "Tenant | None") -> Client | None:
    """Give what a place is to its provider; None when it offers none. `db` is a platform scope."""
    if tenant is None:
        return await client_of_console(kernel, db)
    return await client_of_tenant(kernel, db, tenant.info.id)
