"""Rules for passwords and how they are kept."""

import asyncio
import os
import subprocess
import sys
import threading

import pytest
from argon2 import PasswordHasher
from headgate_kernel.identity import passwords
from headgate_kernel.identity.passwords import (
    MAX_LENGTH,
    MIN_LENGTH,
    hash_password,
    needs_rehash,
    password_matches,
)
from headgate_sdk.errors import Invalid


@pytest.mark.parametrize("password", ["", "short", "x" * (MIN_LENGTH - 1)])
async def test_a_short_password_is_refused_with_the_length(password):
    with pytest.raises(Invalid) as caught:
        await hash_password(password)
    assert str(caught.value) == "The password needs at least 10 characters."
    assert caught.value.field == "password"


async def test_a_very_long_password_is_refused_and_never_hashed():
    with pytest.raises(Invalid, match="at most 256"):
        await hash_password("x" * (MAX_LENGTH + 1))
    assert not await password_matches(await hash_password("x" * MAX_LENGTH), "x" * (MAX_LENGTH + 1))


async def test_lengths_at_the_border_are_taken():
    for password in ("x" * MIN_LENGTH, "密" * MIN_LENGTH, "x" * MAX_LENGTH):
        assert await password_matches(await hash_password(password), password)


async def test_the_same_password_is_kept_differently_each_time():
    first, second = await hash_password("the same words"), await hash_password("the same words")
    assert first != second
    assert first.startswith("$argon2id$")
    assert "the same words" not in first


async def test_only_the_right_password_matches():
    stored = await hash_password("right password")
    assert await password_matches(stored, "right password")
    for wrong in ("Right password", "right password ", "", "x"):
        assert not await password_matches(stored, wrong)


async def test_nobody_matches_nothing():
    assert not await password_matches(None, "no one signs in with this")
    assert not await password_matches(None, "")


async def test_a_damaged_hash_matches_nothing():
    assert not await password_matches("not a hash", "right password")


async def test_a_hash_of_other_parameters_is_to_be_made_anew():
    weaker = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash("right password")
    assert needs_rehash(weaker)
    assert not needs_rehash(await hash_password("right password"))
    assert not needs_rehash("not a hash")


async def test_at_most_two_passwords_are_compared_at_once(monkeypatch):
    running, most = 0, 0
    verify = passwords._verify

    def count(stored, password):
        nonlocal running, most
        running += 1
        most = max(most, running)
        found = verify(stored, password)
        running -= 1
        return found

    monkeypatch.setattr(passwords, "_verify", count)
    await asyncio.gather(*(password_matches(None, "x") for _ in range(12)))
    assert most == 2


@pytest.mark.skipif(sys.platform != "linux", reason="only there a thread has a priority of its own")
async def test_who_compares_passwords_steps_back_behind_who_serves_pages(monkeypatch):
    def niceness(*_):
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    ours = niceness()
    monkeypatch.setattr(passwords, "_verify", niceness)
    assert await password_matches("hash", "x") > ours
    assert niceness() == ours


def test_a_forked_worker_checks_passwords_too():
    """Servers fork after their start has hashed something; a process of its own, since tests have threads."""
    program = """
import asyncio, os
from headgate_kernel.identity.passwords import hash_password, password_matches
hashed = asyncio.run(hash_password("correct horse battery"))
child = os.fork()
if child == 0:
    os._exit(0 if asyncio.run(password_matches(hashed, "correct horse battery")) else 1)
assert os.waitpid(child, 0)[1] == 0
"""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program]
    subprocess.run(command, check=True, timeout=60)
