"""Passwords: argon2id, off the event loop, a few at a time so that sign-ins cannot starve the mall."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from argon2.low_level import Type, hash_secret_raw
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_

P = ParamSpec("P")
R = TypeVar("R")

MIN_LENGTH = 10
MAX_LENGTH = 256

# OWASP Password Storage Cheat Sheet: argon2id, 19 MiB, two passes, one lane
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

AT_ONCE = 2
STEPPED_BACK = 19
"""How far the threads that hash step back behind those that serve pages, as `nice` counts."""

# verified against when nobody has the login, so that an unknown login takes as long as a wrong password
_DECOY = _hasher.hash("no one signs in with this")


async def hash_password(password: str) -> str:
    """Hash a new password.

    Raises:
        Invalid: too short or too long.
    """
    if len(password) < MIN_LENGTH:
        raise Invalid(N_("The password needs at least {n} characters."), field="password", n=MIN_LENGTH)
    if len(password) > MAX_LENGTH:
        raise Invalid(N_("The password may have at most {n} characters."), field="password", n=MAX_LENGTH)
    return await _aside(_hasher.hash, password)


async def password_matches(stored: str | None, password: str) -> bool:
    """Compare a password with its hash; takes the same time when there is no such person."""
    if len(password) > MAX_LENGTH:
        return False
    return await _aside(_verify, stored, password)


def needs_rehash(stored: str) -> bool:
    """Tell whether a hash was made with other parameters than those of today."""
    try:
        return _hasher.check_needs_rehash(stored)
    except InvalidHashError:
        return False


async def hash_codes(codes: list[str], salt: bytes) -> list[bytes]:
    """Hash short codes like passwords, with one salt for all, so that one is found by its hash."""
    return [await _aside(_hash_code, code, salt) for code in codes]


async def _aside(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    return await asyncio.get_running_loop().run_in_executor(_threads.pool, partial(function, *args, **kwargs))


def _step_back() -> None:
    """Let everything else go first: only on Linux a thread has a priority of its own."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), STEPPED_BACK)


class _Threads:
    """Threads of this process: what a forked worker inherits of its parent's pool would never run.

    Attributes:
        pool: its queue is what holds many sign-ins at once back.
    """

    def __init__(self) -> None:
        self.renew()
        os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        self.pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="passwords", initializer=_step_back)


_threads = _Threads()


def _hash_code(code: str, salt: bytes) -> bytes:
    return hash_secret_raw(
        code.encode(), salt, time_cost=_hasher.time_cost, memory_cost=_hasher.memory_cost,
        parallelism=_hasher.parallelism, hash_len=32, type=Type.ID,
    )  # fmt: skip


def _verify(stored: str | None, password: str) -> bool:
    try:
        _hasher.verify(stored or _DECOY, password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return stored is not None
