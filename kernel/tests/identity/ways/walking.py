"""Steps that the tests of the pages share."""

import re

from headgate_kernel.identity.oidc.settings import SsoForm, save_sso
from headgate_kernel.identity.passkeys import list_passkeys
from headgate_sdk.ids import new_id
from headgate_sdk.secrets import Secret

from .provider import CLIENT, SECRET


async def make_passkey(client, device, name="Laptop"):
    options = (await client.post("/account/passkeys/options")).text
    return await client.post("/account/passkeys", data={"passkey": device.make(options), "name": name})


async def use_passkey(client, device, **more):
    options = (await client.post("/sign-in/passkey/options")).text
    device.counter += 1
    return await client.post("/sign-in/passkey", data={"passkey": device.use(options), **more})


async def set_up(kernel, tenant, provider, **more):
    values = {"sso": "offered", "name": "Keycloak", "issuer": provider.issuer, "client_id": CLIENT,
              "client_secret": Secret(SECRET)}  # fmt: skip
    async with kernel.context(tenant) as ctx:
        await save_sso(ctx, SsoForm(**(values | more)))


async def go_there(client, provider, path="/sign-in/sso", **bring):
    left = await client.get(path)
    assert left.status_code == 303, left.text
    return await client.get(
        "/sign-in/sso/callback", params=provider.authorize(left.headers["location"]) | bring
    )


def a_new_address() -> str:
    """Give a network address of one test alone: addresses have a pace."""
    number = new_id().int
    return f"10.{number % 256}.{number % 251}.{number % 241}"


def code_for(kernel, number):
    notices = kernel.notices.to(number)
    return re.search(r"\d{6}", notices[-1].text + notices[-1].subject).group() if notices else None


async def passkeys_of(kernel, owner, site):
    async with kernel.databases.platform_scope() as db:
        return await list_passkeys(db, owner.person_id, site.host)
