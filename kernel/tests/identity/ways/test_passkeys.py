"""Passkeys with a device in software: what holds, and every way in which an answer does not."""

import json
from datetime import timedelta

import msgspec
import pytest
from headgate_kernel.identity.pace import TooManyTries
from headgate_kernel.identity.passkey_challenges import LIFETIME, PasskeyRefused, Site
from headgate_kernel.identity.passkey_proofs import BY_ADDRESS, proof_options, prove
from headgate_kernel.identity.passkeys import (
    MOST_PASSKEYS,
    list_passkeys,
    register_passkey,
    registration_options,
    remove_passkey,
    rename_passkey,
)
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_sdk.clock import ManualClock
from headgate_sdk.errors import Invalid, NotFound

from .authenticator import UP, Authenticator, raw, text


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


async def passkeys_of(kernel, owner, site):
    async with kernel.databases.platform_scope() as db:
        return await list_passkeys(db, owner.person_id, site.host)


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


@pytest.mark.parametrize(
    "lies",
    [
        {"origin": "http://evil.example"},
        {"origin": "https://x.localhost"},
        {"rp_id": "localhost"},
        {"rp_id": "evil.example"},
        {"type": "webauthn.create"},
        {"cross_origin": True},
        {"flags": UP},
        {"flags": 0},
        {"challenge": text(b"c" * 64)},
        {"unsigned": True},
        {"user_handle": b"somebody else's!"},
    ],
    ids=str,
)
async def test_a_sign_in_that_lies_is_none(register, sign_in, owner, lies):
    await register()
    with pytest.raises(PasskeyRefused):
        await sign_in(**lies)
    assert await sign_in() == owner.person_id


async def test_an_answer_counts_once(register, kernel, site, device):
    await register()
    device.counter += 1
    answer = device.use(await proof_options(kernel, site, "sign_in"))
    await prove(kernel, site, "sign_in", answer)
    with pytest.raises(PasskeyRefused, match="sent twice"):
        await prove(kernel, site, "sign_in", answer)


async def test_a_challenge_is_spent_by_an_answer_that_does_not_hold(register, kernel, site, device):
    await register()
    device.counter += 1
    options = await proof_options(kernel, site, "sign_in")
    with pytest.raises(PasskeyRefused):
        await prove(kernel, site, "sign_in", device.use(options, unsigned=True))
    with pytest.raises(PasskeyRefused, match="sent twice"):
        await prove(kernel, site, "sign_in", device.use(options))


async def test_a_challenge_is_good_for_five_minutes(register, kernel, site, device, monkeypatch):
    await register()
    clock = ManualClock(kernel.clock.now())
    monkeypatch.setattr(kernel, "clock", clock)
    device.counter += 1
    early, late = [await proof_options(kernel, site, "sign_in") for _ in range(2)]
    clock.moment += LIFETIME - timedelta(seconds=1)
    await prove(kernel, site, "sign_in", device.use(early))
    clock.moment += timedelta(seconds=1)
    device.counter += 1
    with pytest.raises(PasskeyRefused, match="too long"):
        await prove(kernel, site, "sign_in", device.use(late))


async def test_a_challenge_of_one_host_is_none_at_another(register, kernel, site, device, other_tenant):
    await register()
    host = f"{other_tenant.info.slug}.localhost"
    other = Site(host, f"http://{host}:8000", other_tenant.info.id, other_tenant.info.name)
    device.counter += 1
    answer = device.use(await proof_options(kernel, site, "sign_in"))
    with pytest.raises(PasskeyRefused, match="too long"):
        await prove(kernel, other, "sign_in", answer)


async def test_a_passkey_of_one_host_is_none_at_another(register, sign_in, device, other_tenant):
    await register()
    host = f"{other_tenant.info.slug}.localhost"
    device.origin = f"http://{host}:8000"
    other = Site(host, device.origin, other_tenant.info.id, other_tenant.info.name)
    with pytest.raises(PasskeyRefused, match="not known here"):
        await sign_in(at=other)


async def test_a_challenge_for_signing_in_confirms_nothing(register, kernel, site, device, owner):
    await register()
    device.counter += 1
    answer = device.use(await proof_options(kernel, site, "sign_in"))
    with pytest.raises(PasskeyRefused, match="too long"):
        await prove(kernel, site, "confirm", answer, owner.person_id)


async def test_nobody_confirms_with_another_ones_passkey(register, kernel, site, somebody, tenant, owner):
    reader, theirs = await somebody(tenant, "reader"), Authenticator(site.origin)
    await register()
    await register(by=theirs, whose=reader)
    theirs.counter += 1
    options = await proof_options(kernel, site, "confirm", owner.person_id)
    assert theirs.credential_id not in [raw(one["id"]) for one in json.loads(options)["allowCredentials"]]
    with pytest.raises(PasskeyRefused, match="another account"):
        await prove(kernel, site, "confirm", theirs.use(options), owner.person_id)
    theirs.counter += 1
    options = await proof_options(kernel, site, "confirm", reader.person_id)
    assert await prove(kernel, site, "confirm", theirs.use(options), reader.person_id) == reader.person_id


async def test_a_registration_is_for_who_asked_for_it(kernel, site, device, somebody, tenant, owner):
    reader = await somebody(tenant, "reader")
    options = await registration_options(kernel, site, owner.person_id, "Owner", "o@x.example")
    with pytest.raises(PasskeyRefused, match="too long"):
        await register_passkey(kernel, site, reader.actor, device.make(options), "Mine now")


async def test_a_counter_that_goes_back_closes_the_passkey(
    register, sign_in, kernel, site, owner, device, audited, tenant
):
    await register()
    device.counter = 40
    await sign_in()
    device.counter = 20
    with pytest.raises(PasskeyRefused, match="copy of it"):
        await sign_in()
    device.counter = 60
    with pytest.raises(PasskeyRefused, match="copy of it"):
        await sign_in()
    [passkey] = await passkeys_of(kernel, owner, site)
    assert passkey.cloned_at is not None
    [(subject, details)] = await audited(tenant, "passkey.cloned")
    assert (subject, details["counter_kept"], details["counter_shown"]) == ("Laptop", 41, 21)
    await run_due_jobs(kernel, [tenant.info.id])
    notices = kernel.notices.to(f"owner@{tenant.info.slug}.example")
    assert "192.0.2.1" in notices[-1].text


async def test_the_same_counter_again_is_a_copy_too(register, sign_in, device):
    await register()
    await sign_in()
    device.counter -= 1
    with pytest.raises(PasskeyRefused, match="copy of it"):
        await sign_in()


async def test_a_stranger_cannot_have_a_passkey_closed(register, sign_in, device, owner):
    """Who knows a passkey's name but not its key sends a low counter without a signature."""
    await register()
    device.counter = 40
    await sign_in()
    device.counter = 0
    with pytest.raises(PasskeyRefused, match="does not hold"):
        await sign_in(unsigned=True)
    device.counter = 41
    assert await sign_in() == owner.person_id


async def test_a_device_without_a_counter_is_no_copy(register, sign_in, device, owner):
    await register()
    for _ in range(2):
        device.counter = -1
        assert await sign_in() == owner.person_id


async def test_a_passkey_that_is_closed_is_not_asked_for(register, sign_in, kernel, site, owner, device):
    await register()
    device.counter = 5
    await sign_in()
    device.counter = 1
    with pytest.raises(PasskeyRefused):
        await sign_in()
    options = await proof_options(kernel, site, "confirm", owner.person_id)
    assert json.loads(options)["allowCredentials"] == []


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


@pytest.mark.parametrize(
    "answer",
    ["", "{}", "[]", "null", '{"rawId": 1}', '{"rawId": "eA", "response": {"clientDataJSON": "%%"}}',
     '{"rawId": "eA", "response": {"clientDataJSON": "bnVsbA"}}', "x" * 20_000, "[" * 9_000],
    ids=lambda answer: answer[:30] or "nothing",
)  # fmt: skip
async def test_an_answer_that_is_none_is_refused_in_words(kernel, site, answer):
    with pytest.raises(PasskeyRefused):
        await prove(kernel, site, "sign_in", answer)


async def test_a_well_formed_answer_without_its_parts_is_refused(register, kernel, site, device):
    """The challenge is right, and what the library needs is missing or garbled."""
    await register()
    for change in ({"signature": None}, {"authenticatorData": "AA"}, {"signature": "%%%"}):
        answer = json.loads(device.use(await proof_options(kernel, site, "sign_in")))
        answer["response"] |= change
        with pytest.raises(PasskeyRefused):
            await prove(kernel, site, "sign_in", json.dumps(answer))


async def test_questions_have_a_pace_by_address(kernel, site):
    busy = msgspec.structs.replace(site, address="198.51.100.77")
    with pytest.raises(TooManyTries):
        for _ in range(BY_ADDRESS.burst + 20):
            await proof_options(kernel, busy, "sign_in")
    await proof_options(kernel, site, "sign_in")
