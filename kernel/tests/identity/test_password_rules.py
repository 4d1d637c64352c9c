"""Which passwords are refused, and what the refusal says."""

import time

import pytest
from headgate_kernel.identity.password_rules import check_new_password, words_of
from headgate_sdk.errors import Invalid

ABOUT = ["Zhou Deming", "zhou@jincheng.example", "锦程五金 jincheng"]


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "mountain soup lamp 9",
        "xK3#vq81Lp!z",
        "四个互不相干的词语组成",
        "Vogelhaus-Kante-Seife",
        "ribbon.lantern.42.gravel",
    ],
)
async def test_good_passwords_are_taken(password):
    await check_new_password(password, ABOUT)


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "at least 10 characters"),
        ("x" * 257, "at most 256 characters"),
        ("password123", "guessers try first"),
        ("1234567890", "guessers try first"),
        ("qwertyuiop", "guessers try first"),
        ("iloveyou12", "guessers try first"),
        ("aaaaaaaaaaaaaaaa", "Repeated letters"),
        ("20240101zz", "dates"),
        ("zhoudeming2026", "your name"),
        ("Jincheng-2026", "the distributor's name"),
        ("zhou@jincheng", "your login"),
        ("gnehcnij-uohz", "your name"),
        ("summer2026", "guessed quickly|guessers try first|dates"),
    ],
)
async def test_weak_passwords_are_refused_with_the_reason(password, words):
    with pytest.raises(Invalid, match=words) as caught:
        await check_new_password(password, ABOUT)
    assert caught.value.field == "password"


async def test_what_is_weak_for_one_is_fine_for_another():
    await check_new_password("zhoudeming-lantern", ["Li Wei"])
    with pytest.raises(Invalid):
        await check_new_password("zhoudeming-lant", ABOUT)


async def test_a_long_password_is_judged_quickly():
    started = time.perf_counter()
    await check_new_password("ribbon lantern gravel " * 11, ABOUT)
    for tangle in ("a1!" * 80, "1l0o" * 60):
        with pytest.raises(Invalid):
            await check_new_password(tangle, ABOUT)
    assert time.perf_counter() - started < 2


def test_words_are_taken_apart():
    assert words_of(["Zhou Deming", "zhou@jin-cheng.example", "Li"]) == [
        "cheng", "deming", "example", "jin", "zhou", "zhoudeming", "zhoujinchengexample",
    ]  # fmt: skip
