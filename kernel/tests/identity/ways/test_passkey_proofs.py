"""Proving oneself with a passkey: what holds, and every way in which an answer does not."""

import json
from datetime import timedelta

import msgspec
import pytest
from headgate_kernel.identity.pace import TooManyTries
from headgate_kernel.identity.passkey_challenges import LIFETIME, PasskeyRefused, Site
from headgate_kernel.identity.passkey_proofs import BY_ADDRESS, proof_options, prove
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_sdk.clock import ManualClock

from .authenticator import UP, Authenticator, raw, text
from .walking import passkeys_of


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
