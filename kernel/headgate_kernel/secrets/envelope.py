"""The form of a sealed value, and the one place that encrypts.

    version (1 byte, 0x01) | id of the data key (16) | nonce (12) | AES-256-GCM ciphertext | tag (16)

The additional data binds version, tenant, table, column, row and key id, as a JSON array: what is moved to
another place does not open. A key is used for at most 2^32 values, as NIST SP 800-38D asks for random nonces;
rotate long before.
"""

import json
import secrets
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = 1
KEY_BYTES = 32
NONCE_BYTES = 12
HEADER_BYTES = 1 + 16
TAG_BYTES = 16


class Place(msgspec.Struct, frozen=True):
    """Where a sealed value stands.

    Args:
        table: name.
        column: name.
        row: id of the row; several key columns are joined by `/`.
    """

    table: str
    column: str
    row: str

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Read `table:column:row`.

        Raises:
            ValueError: it is not of this form.
        """
        parts = text.split(":", 2)
        if len(parts) != 3 or not all(parts):
            raise ValueError(f"'{text}' is not a place: write it as table:column:row-id")
        return cls(*parts)


class DataKey:
    """A key that seals values, ready for use.

    Args:
        key_id: of its row in `data_key`.
        key: 32 bytes.
    """

    __slots__ = ("_cipher", "id")

    def __init__(self, key_id: UUID, key: bytes) -> None:
        self.id = key_id
        self._cipher = AESGCM(key)

    def seal(self, value: bytes, *, tenant_id: int, place: Place) -> bytes:
        """Encrypt a value for its place."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        header = bytes([VERSION]) + self.id.bytes
        return header + nonce + self._cipher.encrypt(nonce, value, self._bound_to(tenant_id, place))

    def open(self, sealed: bytes, *, tenant_id: int, place: Place) -> bytes:
        """Decrypt a value.

        Raises:
            InvalidTag: it was changed, or sealed for another place.
        """
        nonce = sealed[HEADER_BYTES : HEADER_BYTES + NONCE_BYTES]
        if len(sealed) < HEADER_BYTES + NONCE_BYTES + TAG_BYTES:
            raise InvalidTag
        return self._cipher.decrypt(
            nonce, sealed[HEADER_BYTES + NONCE_BYTES :], self._bound_to(tenant_id, place)
        )

    def _bound_to(self, tenant_id: int, place: Place) -> bytes:
        bound = ["headgate sealed", VERSION, tenant_id, place.table, place.column, place.row, self.id.hex]
        return json.dumps(bound, separators=(",", ":")).encode()


def key_id_of(sealed: bytes) -> UUID | None:
    """Tell which data key a value was sealed with; None where it is no sealed value of a known version."""
    if len(sealed) < HEADER_BYTES or sealed[0] != VERSION:
        return None
    return UUID(bytes=sealed[1:HEADER_BYTES])
