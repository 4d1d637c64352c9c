"""The key above all data keys, behind an interface with the shape of a key management service.

A data key leaves the process only wrapped. `context` is bound to the wrapping, as the encryption context of a
KMS is: a wrapped key of one tenant does not open as another's.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec
from headgate_sdk.errors import SecretUnreadable
from headgate_sdk.i18n import N_

KeyContext = Mapping[str, str]


class WrappedKey(msgspec.Struct, frozen=True):
    """A data key as it is kept.

    Args:
        master_key_id: of the master key that wrapped it.
        data: what only that key opens.
    """

    master_key_id: str
    data: bytes


class MasterKey(Protocol):
    """Wraps and unwraps data keys; several versions of it may be known, one is in use."""

    async def wrap(self, data_key: bytes, context: KeyContext) -> WrappedKey:
        """Wrap a data key with the version in use.

        Raises:
            ConfigError: the master key cannot be reached; says why and what to check.
        """
        ...

    async def unwrap(self, wrapped: WrappedKey, context: KeyContext) -> bytes:
        """Unwrap a data key.

        Raises:
            SecretUnreadable: the version is not at hand, or what was wrapped has been changed.
            ConfigError: the master key cannot be reached; says why and what to check.
        """
        ...

    async def renew(self) -> bool:
        """Make a new version and use it from now on; False where versions are made elsewhere."""
        ...


def wrapping_broken(wrapped: WrappedKey) -> SecretUnreadable:
    """Say that a wrapped key was changed, or belongs to another tenant."""
    return SecretUnreadable(
        N_("A data key cannot be unwrapped by the master key {key}: its row was changed or moved. "
           "Restore the table data_key from a backup."),
        key=wrapped.master_key_id,
    )  # fmt: skip
