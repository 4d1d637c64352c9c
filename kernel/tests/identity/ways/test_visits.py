"""On the way to a provider and back: once, soon, in one browser."""

import msgspec
import pytest
from headgate_kernel.identity.oidc.errors import SsoRefused
from headgate_kernel.identity.oidc.sign_in import BY_ADDRESS, Place, arrive, depart
from headgate_kernel.identity.oidc.visits import LIFETIME
from headgate_kernel.identity.pace import TooManyTries
from headgate_sdk.clock import ManualClock


async def test_an_answer_counts_once(set_up, kernel, place, provider):
    await set_up()
    left = await depart(kernel, place, "sign_in", next_path="/", browser="")
    answer = provider.authorize(left.url)
    await arrive(kernel, place, answer, left.browser)
    with pytest.raises(SsoRefused, match="finished already"):
        await arrive(kernel, place, answer, left.browser)


async def test_an_answer_that_does_not_hold_is_spent_too(set_up, kernel, place, provider):
    await set_up()
    left = await depart(kernel, place, "sign_in", next_path="/", browser="")
    answer = provider.authorize(left.url)
    with pytest.raises(SsoRefused):
        await arrive(kernel, place, answer | {"code": "guessed"}, left.browser)
    with pytest.raises(SsoRefused, match="finished already"):
        await arrive(kernel, place, answer, left.browser)


@pytest.mark.parametrize("browser", ["", "x" * 43])
async def test_an_answer_is_for_the_browser_that_asked(set_up, dance, browser):
    await set_up()
    with pytest.raises(SsoRefused, match="another browser"):
        await dance(browser=browser)


@pytest.mark.parametrize("state", ["", "made up"])
async def test_an_answer_to_no_question_is_none(set_up, dance, state):
    await set_up()
    with pytest.raises(SsoRefused, match="start again"):
        await dance(state=state)


async def test_an_answer_comes_within_ten_minutes(set_up, kernel, place, provider, monkeypatch):
    await set_up()
    left = await depart(kernel, place, "sign_in", next_path="/", browser="")
    monkeypatch.setattr(kernel, "clock", ManualClock(kernel.clock.now() + LIFETIME))
    with pytest.raises(SsoRefused, match="took too long"):
        await arrive(kernel, place, provider.authorize(left.url), left.browser)


async def test_an_answer_at_another_distributor_is_none(set_up, kernel, place, provider, other_tenant):
    await set_up()
    left = await depart(kernel, place, "sign_in", next_path="/", browser="")
    elsewhere = Place(other_tenant, place.redirect_uri, "", "en")
    with pytest.raises(SsoRefused, match="start again"):
        await arrive(kernel, elsewhere, provider.authorize(left.url), left.browser)


async def test_two_tabs_may_be_on_their_way(set_up, kernel, place, provider):
    await set_up()
    first = await depart(kernel, place, "sign_in", next_path="/a", browser="")
    second = await depart(kernel, place, "sign_in", next_path="/b", browser=first.browser)
    assert second.browser == first.browser
    for left, path in ((second, "/b"), (first, "/a")):
        assert (await arrive(kernel, place, provider.authorize(left.url), first.browser)).visit.next == path


@pytest.mark.parametrize("iss", ["http://127.0.0.1:1", ""])
async def test_another_provider_that_answers_is_noticed(set_up, dance, provider, iss):
    await set_up()
    with pytest.raises(SsoRefused, match="another provider"):
        await dance(iss=iss)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("access_denied", "cancelled"),
        ("server_error", "server_error"),
        ("<script>alert(1)</script>", "no code"),
    ],
)
async def test_an_error_of_the_provider_is_told_in_words(set_up, dance, error, words):
    await set_up()
    with pytest.raises(SsoRefused) as caught:
        await dance(error=error, code="")
    assert words in str(caught.value)
    assert "<" not in str(caught.value)


async def test_somebody_who_confirms_has_signed_in_again(set_up, dance, provider):
    await set_up()
    assert (await dance("confirm")).identity.subject == "u-1"
    provider.faults["claims"] = {"auth_time": 1_700_000_000}
    with pytest.raises(SsoRefused, match="auth_time"):
        await dance("confirm")
    provider.faults["claims"] = {"auth_time": None}
    with pytest.raises(SsoRefused, match="auth_time"):
        await dance("confirm")
    assert (await dance()).identity.subject == "u-1"


async def test_a_provider_that_is_switched_off_meanwhile_lets_nobody_in(set_up, kernel, place, provider):
    await set_up()
    left = await depart(kernel, place, "sign_in", next_path="/", browser="")
    answer = provider.authorize(left.url)
    await set_up(sso="off")
    with pytest.raises(SsoRefused, match="changed here meanwhile"):
        await arrive(kernel, place, answer, left.browser)


async def test_visits_have_a_pace_by_address(set_up, kernel, place):
    await set_up()
    busy = msgspec.structs.replace(place, address="198.51.100.78")
    with pytest.raises(TooManyTries):
        for _ in range(BY_ADDRESS.burst + 20):
            await depart(kernel, busy, "sign_in", next_path="/", browser="")
