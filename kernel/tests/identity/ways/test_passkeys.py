"""Making and keeping passkeys, with a device in software."""

import json

import pytest
from headgate_kernel.identity.passkey_challenges import PasskeyRefused
from headgate_kernel.identity.passkey_proofs import proof_options
from headgate_kernel.identity.passkeys import (
    MOST_PASSKEYS,
    register_passkey,
    registration_options,
    remove_passkey,
    rename_passkey,
)
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_sdk.errors import Invalid, NotFound

from .authenticator import UP, Authenticator, raw, text
from .walking import passkeys_of


async def test_a_passkey_signs_its_owner_in(register, sign_in, owner, kernel, site):
    await register()
    assert await sign_in() == owner.person_id
    assert await sign_in() == owner.person_id
    [passkey] = await passkeys_of(kernel, owner, site)
    assert passkey.name == "Laptop"
    assert passkey.used_at is not None
    assert passkey.cloned_at is None


async def test_what_the_device_is_asked_insists_on_its_owner(kernel, site, owner):
    made = json.loads(await registration_options(kernel, site, owner.person_id, "Owner", "o@x.example"))
    assert made["rp"] == {"name": site.name, "id": site.host}
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert made["authenticatorSelection"]["residentKey"] == "required"
    asked = json.loads(await proof_options(kernel, site, "sign_in"))
    assert (asked["rpId"], asked["userVerification"]) == (site.host, "required")
    assert asked["allowCredentials"] == []
    assert len(raw(asked["challenge"])) >= 32


async def test_adding_one_is_audited_and_told_to_the_person(register, audited, kernel, tenant):
    await register(name="Phone")
    [(subject, _)] = await audited(tenant, "passkey.add")
    assert subject == "Phone"
    await run_due_jobs(kernel, [tenant.info.id])
    [notice] = kernel.notices.to(f"owner@{tenant.info.slug}.example")
    assert "Phone" in notice.text


async def test_a_device_that_has_one_here_is_told_so(register, kernel, site, owner, device):
    await register()
    options = json.loads(await registration_options(kernel, site, owner.person_id, "Owner", "o@x.example"))
    assert [raw(one["id"]) for one in options["excludeCredentials"]] == [device.credential_id]


@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "http://evil.example"},
        {"origin": "http://localhost:8000"},
        {"rp_id": "localhost"},
        {"rp_id": "evil.example"},
        {"type": "webauthn.get"},
        {"cross_origin": True},
        {"flags": UP},
        {"flags": 0},
        {"challenge": text(b"c" * 64)},
        {"challenge": ""},
        {"without": [-3]},
        {"without": [3]},
    ],
    ids=str,
)
async def test_a_registration_that_lies_is_none(register, kernel, owner, site, lies):
    with pytest.raises(PasskeyRefused):
        await register(**lies)
    assert await passkeys_of(kernel, owner, site) == []


async def test_a_registration_is_for_who_asked_for_it(kernel, site, device, somebody, tenant, owner):
    reader = await somebody(tenant, "reader")
    options = await registration_options(kernel, site, owner.person_id, "Owner", "o@x.example")
    with pytest.raises(PasskeyRefused, match="too long"):
        await register_passkey(kernel, site, reader.actor, device.make(options), "Mine now")


async def test_a_removed_passkey_opens_nothing(register, sign_in, kernel, site, owner, audited, tenant):
    passkey_id = await register()
    await remove_passkey(kernel, site, owner.actor, passkey_id)
    with pytest.raises(PasskeyRefused, match="not known here"):
        await sign_in()
    assert [subject for subject, _ in await audited(tenant, "passkey.remove")] == ["Laptop"]


async def test_a_passkey_gets_another_name(register, kernel, site, owner):
    await rename_passkey(kernel, site, owner.person_id, await register(), "  Work laptop ")
    assert [one.name for one in await passkeys_of(kernel, owner, site)] == ["Work laptop"]


async def test_nobody_touches_another_ones_passkey(register, kernel, site, somebody, tenant):
    passkey_id, reader = await register(), await somebody(tenant, "reader")
    with pytest.raises(NotFound):
        await rename_passkey(kernel, site, reader.person_id, passkey_id, "Mine")
    with pytest.raises(NotFound):
        await remove_passkey(kernel, site, reader.actor, passkey_id)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb"])
async def test_a_passkey_needs_a_name(register, name):
    with pytest.raises(Invalid) as caught:
        await register(name=name)
    assert caught.value.field == "name"


async def test_the_same_passkey_is_not_kept_twice(register):
    await register()
    with pytest.raises(PasskeyRefused, match="here already"):
        await register()


async def test_there_is_an_end_to_passkeys(register, kernel, site, owner):
    for number in range(MOST_PASSKEYS):
        await register(by=Authenticator(site.origin), name=str(number))
    with pytest.raises(Invalid, match="Remove one"):
        await register(by=Authenticator(site.origin))
