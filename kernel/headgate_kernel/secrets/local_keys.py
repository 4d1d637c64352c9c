"""Master keys that are at hand: a text of the environment, or a file that is made once."""

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from headgate_sdk.errors import ConfigError, SecretUnreadable
from headgate_sdk.i18n import N_

from headgate_kernel.secrets.master_key import KeyContext, WrappedKey, wrapping_broken

KEY_BYTES = 32
NONCE_BYTES = 12


class LocalKeys:
    """Keys in the memory of this process.

    Args:
        source: where they come from, for errors.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._keys: dict[str, AESGCM] = {}
        self._in_use = ""

    def take(self, texts: Sequence[str]) -> None:
        """Know these keys and no others, the one in use first.

        Raises:
            ConfigError: one is too short.
        """
        for text in texts:
            if len(text) < KEY_BYTES:
                raise ConfigError(
                    N_("The master key in {source} is too short: give at least {n} random characters."),
                    source=self._source, n=KEY_BYTES,
                )  # fmt: skip
        self._keys = {key_id(text): AESGCM(_derive(text, "data keys", KEY_BYTES)) for text in texts}
        self._in_use = key_id(texts[0])

    async def wrap(self, data_key: bytes, context: KeyContext) -> WrappedKey:
        """Wrap with AES-256-GCM."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        data = self._keys[self._in_use].encrypt(nonce, data_key, _bound(context))
        return WrappedKey(self._in_use, nonce + data)

    async def unwrap(self, wrapped: WrappedKey, context: KeyContext) -> bytes:
        """Unwrap with the version that wrapped it."""
        key = self._keys.get(wrapped.master_key_id)
        if key is None:
            raise SecretUnreadable(
                N_("The master key {key} is needed, but {source} lacks it. Restore it from a backup."),
                key=wrapped.master_key_id, source=self._source,
            )  # fmt: skip
        nonce, data = wrapped.data[:NONCE_BYTES], wrapped.data[NONCE_BYTES:]
        try:
            return key.decrypt(nonce, data, _bound(context))
        except (InvalidTag, ValueError):
            raise wrapping_broken(wrapped) from None


class TextMasterKey(LocalKeys):
    """Master keys given as texts.

    Args:
        texts: the one in use first, then earlier ones that are still needed for unwrapping.
        source: where they come from, for errors.
    """

    def __init__(self, texts: Sequence[str], source: str) -> None:
        super().__init__(source)
        self.take(texts)

    async def renew(self) -> bool:
        """Leave it to whoever gives the texts."""
        return False


class FileMasterKey(LocalKeys):
    """Master keys in a file, one a line, the one in use first; made at first need, for this account only.

    Every wrapping reads the file anew, so that a process which runs on after a change does not wrap with an
    old key; unwrapping does when it meets a key that it does not know.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path

    async def wrap(self, data_key: bytes, context: KeyContext) -> WrappedKey:
        """Wrap with the first key of the file."""
        self.take(self._read() or self._add())
        return await super().wrap(data_key, context)

    async def unwrap(self, wrapped: WrappedKey, context: KeyContext) -> bytes:
        """Unwrap with the key of the file that wrapped it."""
        if wrapped.master_key_id not in self._keys and (texts := self._read()):
            self.take(texts)
        return await super().unwrap(wrapped, context)

    async def renew(self) -> bool:
        """Put a new key before the others, which stay for what they have wrapped."""
        self.take(self._add(first=False))
        return True

    def _read(self) -> list[str]:
        try:
            if self._path.stat().st_mode & 0o007:
                raise ConfigError(
                    N_("{path} can be read by every account of this machine. Run: chmod 600 {path}"),
                    path=self._path,
                )
            lines = self._path.read_text("ascii", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unusable(error) from error
        texts = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        if not texts:
            raise ConfigError(
                N_("{path} is damaged: it should hold the master key. Restore it from a backup."),
                path=self._path,
            )
        return texts

    def _add(self, *, first: bool = True) -> list[str]:
        """Write a key before those of the file; where a first one is asked for, another's is as good."""
        try:
            with self._alone():
                texts = self._read()
                if texts and first:
                    return texts
                texts.insert(0, secrets.token_hex(KEY_BYTES))
                made = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
                handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                try:
                    with os.fdopen(handle, "w") as stream:
                        stream.write("".join(f"{text}\n" for text in texts))
                        stream.flush()
                        os.fsync(stream.fileno())
                    made.replace(self._path)
                finally:
                    with suppress(FileNotFoundError):
                        made.unlink()
        except OSError as error:
            raise self._unusable(error) from error
        return texts

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes from writing the file meanwhile."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path.with_name(f"{self._path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _unusable(self, error: OSError) -> ConfigError:
        return ConfigError(
            N_("The file of the master key, {path}, cannot be used: {reason}."),
            path=self._path, reason=error.strerror or str(error),
        )  # fmt: skip


def key_id(text: str) -> str:
    """Name a key without telling anything of it."""
    return f"local-{_derive(text, 'name', 8).hex()}"


def _derive(text: str, purpose: str, length: int) -> bytes:
    info = f"headgate master key: {purpose}".encode()
    return HKDF(SHA256(), length=length, salt=None, info=info).derive(text.encode())


def _bound(context: KeyContext) -> bytes:
    return "\n".join(f"{name}={value}" for name, value in sorted(context.items())).encode()
