"""Headgate on a real port, and beside it a real identity provider."""

import asyncio
import os
import socket

import pytest
import uvicorn
from headgate_kernel.app import create_app
from headgate_kernel.identity.oidc.providers import Providers
from headgate_kernel.identity.oidc.settings import SsoForm, save_sso
from headgate_sdk.secrets import Secret

from .canaille import SECRET, CannotInstall, install, running_canaille
from .person import Person


@pytest.fixture(scope="session")
def installed():
    try:
        install()
    except CannotInstall as error:
        if os.environ.get("HEADGATE_REQUIRE_OIDC") == "1":
            pytest.fail(f"HEADGATE_REQUIRE_OIDC is set, but Canaille cannot be installed: {error}")
        pytest.skip(f"Canaille cannot be installed: {error}")


@pytest.fixture(scope="session")
def canaille(installed, tmp_path_factory):
    with running_canaille(tmp_path_factory.mktemp("canaille")) as provider:
        yield provider


@pytest.fixture(scope="session")
def careless_canaille(installed, tmp_path_factory):
    """One that tells e-mail addresses without vouching for them, as it does unless it is told to."""
    folder = tmp_path_factory.mktemp("canaille")
    with running_canaille(folder, vouches_for_addresses=False) as provider:
        yield provider


@pytest.fixture
async def port(kernel):
    """Headgate's port."""
    kernel.identity_providers = Providers(allow_private=True)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(kernel.settings, kernel=kernel), log_config=None, lifespan="on")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():  # noqa: ASYNC110 (it has no event to wait for)
        await asyncio.sleep(0.05)
    yield listening.getsockname()[1]
    server.should_exit = True
    await serving


@pytest.fixture
def home(tenant, port):
    """Address of the tenant."""
    return f"http://{tenant.info.slug}.localhost:{port}"


@pytest.fixture
def client_id(tenant):
    return f"headgate-{tenant.info.slug}"


@pytest.fixture
def set_up(kernel, tenant, home, client_id, canaille):
    """Make the tenant, some people of it and a provider known to each other."""

    async def go(*users: str, at=canaille, **more):
        people = {
            name: f"{name}.example" if "@" in name else f"{name}@{tenant.info.slug}.example" for name in users
        }
        people = {f"{name.partition('@')[0]}-{tenant.info.slug}": email for name, email in people.items()}
        await asyncio.to_thread(at.add, client_id, f"{home}/sign-in/sso/callback", people)
        values = {"sso": "offered", "name": "Canaille", "issuer": at.issuer, "client_id": client_id,
                  "client_secret": Secret(SECRET)}  # fmt: skip
        async with kernel.context(tenant) as ctx:
            await save_sso(ctx, SsoForm(**(values | more)))

    return go


@pytest.fixture
async def person(tenant):
    people = []

    def named(name: str) -> Person:
        people.append(Person(f"{name}-{tenant.info.slug}"))
        return people[-1]

    yield named
    for one in people:
        await one.close()
