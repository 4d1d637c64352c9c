"""A master key that a program of the operator's stands for, in front of a key management service.

For each question the program is run once. It reads one JSON object from its input and writes one to its
output; bytes are base64, `context` names the tenant and the data key:

    {"operation": "wrap", "plaintext": "…", "context": {…}}          -> {"key_id": "…", "ciphertext": "…"}
    {"operation": "unwrap", "key_id": "…", "ciphertext": "…", "context": {…}}     -> {"plaintext": "…"}

Any other exit status than 0 is a failure, whose reason is the last line of its standard error.
"""

import asyncio
import subprocess
from typing import TypeVar

import msgspec
from headgate_sdk.errors import ConfigError
from headgate_sdk.i18n import N_

from headgate_kernel.secrets.master_key import KeyContext, WrappedKey, wrapping_broken

SECONDS = 15
KEY_BYTES = 32

A = TypeVar("A")


class _Wrapped(msgspec.Struct):
    key_id: str
    ciphertext: bytes


class _Unwrapped(msgspec.Struct):
    plaintext: bytes


class CommandMasterKey:
    """Asks a program.

    Args:
        command: path of the program, which takes no arguments.
    """

    def __init__(self, command: str) -> None:
        self._command = command

    async def wrap(self, data_key: bytes, context: KeyContext) -> WrappedKey:
        """Have the program wrap."""
        question = {"operation": "wrap", "plaintext": data_key, "context": context}
        answer = await asyncio.to_thread(self._ask, question, _Wrapped)
        if not answer.key_id or not answer.ciphertext:
            raise self._failed("its answer lacks key_id or ciphertext")
        return WrappedKey(answer.key_id, answer.ciphertext)

    async def unwrap(self, wrapped: WrappedKey, context: KeyContext) -> bytes:
        """Have the program unwrap."""
        question = {
            "operation": "unwrap", "key_id": wrapped.master_key_id, "ciphertext": wrapped.data,
            "context": context,
        }  # fmt: skip
        answer = await asyncio.to_thread(self._ask, question, _Unwrapped)
        if len(answer.plaintext) != KEY_BYTES:
            raise wrapping_broken(wrapped)
        return answer.plaintext

    async def renew(self) -> bool:
        """Leave versions to the service: what it wraps with next is in use."""
        return False

    def _ask(self, question: object, answer: type[A]) -> A:
        try:
            done = subprocess.run(  # noqa: S603 (the operator names the program)
                [self._command], input=msgspec.json.encode(question), capture_output=True, timeout=SECONDS,
                check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise self._failed(f"no answer within {SECONDS} s") from None
        except OSError as error:
            raise self._failed(error.strerror or str(error)) from error
        if done.returncode:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            raise self._failed(lines[-1] if lines else f"exit status {done.returncode}")
        try:
            return msgspec.json.decode(done.stdout, type=answer)
        except msgspec.DecodeError as error:
            raise self._failed(str(error)) from None

    def _failed(self, reason: str) -> ConfigError:
        return ConfigError(
            N_("The master key's program {command} failed: {reason}. Check HEADGATE_MASTER_KEY."),
            command=self._command, reason=reason,
        )  # fmt: skip
