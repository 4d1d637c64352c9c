"""A passkey device in software: ES256 keys, a counter, and every lie that a test wants it to tell."""

import base64
import hashlib
import json
import secrets
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import encode_cbor

UP, UV, AT = 0x01, 0x04, 0x40
AAGUID = bytes(16)


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authenticator:
    """Makes and uses passkeys as a browser with its device does.

    Args:
        origin: of the page, as the browser knows it.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.counter = 0
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = secrets.token_bytes(32)
        self.user_handle = b""

    def make(self, options: str, *, flags: int = UP | UV, **lies) -> str:
        """Answer the options of a registration."""
        asked = json.loads(options)
        self.user_handle = raw(asked["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        cose = {name: value for name, value in cose.items() if name not in lies.get("without", ())}
        attested = (
            AAGUID + struct.pack(">H", len(self.credential_id)) + self.credential_id + encode_cbor(cose)
        )
        data = self._data(lies.get("rp_id", asked["rp"]["id"]), flags | AT) + attested
        statement = {"fmt": "none", "attStmt": {}, "authData": data}
        return self._answer(
            clientDataJSON=self._client_data("webauthn.create", asked, lies),
            attestationObject=encode_cbor(statement),
        )

    def use(self, options: str, *, flags: int = UP | UV, **lies) -> str:
        """Answer the options of a sign-in or confirmation."""
        asked = json.loads(options)
        client_data = self._client_data("webauthn.get", asked, lies)
        data = self._data(lies.get("rp_id", asked["rpId"]), flags)
        signed = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        if lies.get("unsigned"):
            signed = bytes(len(signed))
        return self._answer(
            clientDataJSON=client_data, authenticatorData=data, signature=signed,
            userHandle=lies.get("user_handle", self.user_handle),
        )  # fmt: skip

    def _client_data(self, kind: str, asked: dict, lies: dict) -> bytes:
        return json.dumps(
            {
                "type": lies.get("type", kind),
                "challenge": lies.get("challenge", asked["challenge"]),
                "origin": lies.get("origin", self.origin),
                "crossOrigin": lies.get("cross_origin", False),
            }
        ).encode()

    def _data(self, rp_id: str, flags: int) -> bytes:
        return hashlib.sha256(rp_id.encode()).digest() + struct.pack(">BI", flags, self.counter)

    def _answer(self, **response: bytes) -> str:
        name = text(self.credential_id)
        told = {key: text(value) for key, value in response.items()}
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": told})
