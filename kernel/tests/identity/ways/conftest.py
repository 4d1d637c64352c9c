"""People, devices, phones and providers of the tests of the other ways to sign in."""

from uuid import UUID

import msgspec
import pytest
from headgate_kernel.identity.oidc.fetching import Fetcher
from headgate_kernel.identity.oidc.providers import Providers
from headgate_kernel.identity.oidc.settings import SsoForm, save_sso
from headgate_kernel.identity.oidc.sign_in import Place, arrive, depart
from headgate_kernel.identity.passkey_challenges import Site
from headgate_kernel.identity.passkey_proofs import proof_options, prove
from headgate_kernel.identity.passkeys import register_passkey, registration_options
from headgate_kernel.identity.phone_codes import request_code
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_sdk.clock import ManualClock
from headgate_sdk.context import Actor
from headgate_sdk.ids import new_id
from headgate_sdk.secrets import Secret

from .authenticator import Authenticator
from .provider import CLIENT, SECRET, running_provider
from .walking import a_new_address


class Somebody(msgspec.Struct, frozen=True):
    """A person of a tenant: their ids, and themselves as an actor."""

    person_id: UUID
    membership_id: UUID
    actor: Actor


@pytest.fixture
def somebody(kernel):
    """Give a person of a tenant by the key of their role."""

    async def find(tenant, role: str) -> Somebody:
        async with kernel.databases.platform_scope() as db:
            row = await db.fetch_row(
                "SELECT id, person_id, name, kind FROM membership WHERE tenant_id = $1 AND login = $2",
                tenant.info.id, f"{role}@{tenant.info.slug}.example",
            )  # fmt: skip
        actor = Actor(row["kind"], row["name"], membership_id=row["id"], person_id=row["person_id"])
        return Somebody(row["person_id"], row["id"], actor)

    return find


@pytest.fixture
def audited(kernel):
    """Give what a tenant's audit log says about an action: subjects and details."""

    async def read(tenant, action: str) -> list[tuple[str, dict]]:
        async with kernel.databases.platform_scope() as db:
            rows = await db.fetch(
                "SELECT subject, details FROM audit_entry WHERE tenant_id = $1 AND action = $2 ORDER BY id",
                tenant.info.id, action,
            )  # fmt: skip
        return [(row["subject"], msgspec.json.decode(row["details"])) for row in rows]

    return read


@pytest.fixture
async def reader(client_for, tenant):
    """The browser of somebody who has signed in with their password."""
    return await client_for(tenant, "reader")


# -- passkeys


@pytest.fixture
def site(tenant):
    host = f"{tenant.info.slug}.localhost"
    return Site(host, f"http://{host}:8000", tenant.info.id, tenant.info.name, address="192.0.2.1")


@pytest.fixture
async def owner(somebody, tenant):
    return await somebody(tenant, "owner")


@pytest.fixture
def device(site):
    return Authenticator(site.origin)


@pytest.fixture
def register(kernel, site, owner, device):
    async def go(by=device, whose=owner, name="Laptop", **lies):
        options = await registration_options(kernel, site, whose.person_id, "Owner", "owner@x.example")
        return await register_passkey(kernel, site, whose.actor, by.make(options, **lies), name)

    return go


@pytest.fixture
def sign_in(kernel, site, device):
    async def go(by=device, at=site, **lies):
        by.counter += 1
        return await prove(kernel, at, "sign_in", by.use(await proof_options(kernel, at, "sign_in"), **lies))

    return go


# -- identity providers


@pytest.fixture
def provider(kernel, monkeypatch, tenant):
    """A provider on this machine, at which the owner has just signed in; it has a second to answer."""
    providers = Providers(allow_private=True)
    providers.fetcher = Fetcher(allow_private=True, seconds=1.5)
    monkeypatch.setattr(kernel, "identity_providers", providers)
    with running_provider() as one:
        one.user["email"] = f"owner@{tenant.info.slug}.example"
        yield one


@pytest.fixture
def set_up(kernel, tenant, provider):
    async def go(**more):
        values = {"sso": "offered", "name": "Keycloak", "issuer": provider.issuer, "client_id": CLIENT,
                  "client_secret": Secret(SECRET)}  # fmt: skip
        async with kernel.context(tenant) as ctx:
            await save_sso(ctx, SsoForm(**(values | more)))

    return go


@pytest.fixture
def place(tenant):
    host = f"{tenant.info.slug}.localhost"
    return Place(tenant, f"http://{host}:8000/sign-in/sso/callback", a_new_address(), "zh_CN")


@pytest.fixture
def dance(kernel, place, provider):
    """Go to the provider and come back; `bring` changes what comes back."""

    async def go(purpose="sign_in", browser=None, **bring):
        left = await depart(kernel, place, purpose, next_path="/desk", browser="")
        answer = provider.authorize(left.url) | bring
        return await arrive(kernel, place, answer, left.browser if browser is None else browser)

    return go


# -- phones


@pytest.fixture
def clock(kernel, monkeypatch):
    clock = ManualClock(kernel.clock.now())
    monkeypatch.setattr(kernel, "clock", clock)
    return clock


@pytest.fixture
def number():
    """A number of this test alone: numbers have a pace."""
    return f"+86138{new_id().int % 10**8:08d}"


@pytest.fixture
def give_phone(kernel, somebody, number):
    async def give(tenant, role, phone=number):
        whose = await somebody(tenant, role)
        async with kernel.databases.platform_scope() as db:
            await db.execute(
                "INSERT INTO person_login (login, person_id) VALUES ($1, $2)", phone, whose.person_id
            )
        return whose

    return give


@pytest.fixture
def ask(kernel, tenant, number):
    async def go(phone=number, address=None, at=tenant):
        address = address or a_new_address()
        asked = await request_code(kernel, at, phone=phone, address=address, locale="en")
        await run_due_jobs(kernel, [at.info.id])
        return asked

    return go
