"""Heads of all chains, signed, to be kept outside of the system.

Whoever can write to the whole database can write a chain anew, and everything inside would agree with itself.
An anchor that lies elsewhere does not. It is signed with Ed25519; the private half of the key is sealed under
the master key, so that nobody who only has the database can sign, and the public half verifies anywhere.
"""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from headgate_sdk.database import Database
from headgate_sdk.errors import Invalid, SecretUnreadable
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id

from headgate_kernel.audit.log import PLATFORM
from headgate_kernel.audit.verifying import Finding
from headgate_kernel.secrets.columns import AUDIT_SEED

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel


class Head(msgspec.Struct, frozen=True):
    """The last link of a chain.

    Args:
        tenant: short name; empty for the platform.
        tenant_id: number.
        seq: of the link.
        hash: of the link, hexadecimal.
    """

    tenant: str
    tenant_id: int
    seq: int
    hash: str


class Anchor(msgspec.Struct, frozen=True):
    """Heads of all chains at one moment.

    Args:
        headgate_audit_anchor: version of this form.
        at: when.
        public_key: Ed25519, hexadecimal.
        heads: of the platform and of each tenant.
        signature: over the compact JSON of this object with an empty signature, hexadecimal.
    """

    headgate_audit_anchor: int
    at: datetime
    public_key: str
    heads: tuple[Head, ...]
    signature: str = ""

    def signed_bytes(self) -> bytes:
        """Give what the signature is made over."""
        return msgspec.json.encode(msgspec.structs.replace(self, signature=""))


async def make_anchor(kernel: "Kernel") -> Anchor:
    """Sign the heads as they are now; makes the signing key at first use."""
    async with kernel.databases.platform_scope() as db:
        key = await _signing_key(kernel, db)
        heads = await db.fetch_as(Head, _HEADS)
    anchor = Anchor(1, kernel.clock.now(), key.public_key().public_bytes_raw().hex(), tuple(heads))
    return msgspec.structs.replace(anchor, signature=key.sign(anchor.signed_bytes()).hex())


def read_anchor(content: bytes) -> Anchor:
    """Read an anchor and check that it is what was signed.

    Raises:
        Invalid: it is no anchor, or was changed.
    """
    try:
        anchor = msgspec.json.decode(content, type=Anchor)
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(anchor.public_key))
        signature = bytes.fromhex(anchor.signature)
    except (msgspec.DecodeError, ValueError) as error:
        raise Invalid(N_("This file is no anchor of an audit log: {reason}."), reason=str(error)) from None
    try:
        key.verify(signature, anchor.signed_bytes())
    except InvalidSignature:
        raise Invalid(
            N_("The anchor was changed after it was signed. Take the copy that was kept elsewhere.")
        ) from None
    return anchor


async def compare_with_anchor(kernel: "Kernel", anchor: Anchor) -> dict[int, list[Finding]]:
    """Look whether the chains still hold what an anchor says.

    Returns:
        Findings by tenant number; those about the anchor itself under the platform's.
    """
    findings: dict[int, list[Finding]] = {}
    async with kernel.databases.platform_scope() as db:
        if not await _is_ours(kernel, db, bytes.fromhex(anchor.public_key)):
            findings[PLATFORM] = [
                Finding(N_("The anchor of {at} was not signed by this installation."), _at(anchor))
            ]
        rows = await db.fetch(
            """
            SELECT h.tenant_id, h.seq, encode(s.hash, 'hex') AS hash,
                   h.tenant_id = 0 OR EXISTS (SELECT FROM tenant t WHERE t.id = h.tenant_id) AS here
            FROM unnest($1::integer[], $2::bigint[]) h (tenant_id, seq)
            LEFT JOIN audit_seal s ON s.tenant_id = h.tenant_id AND s.seq = h.seq
            """,
            [head.tenant_id for head in anchor.heads], [head.seq for head in anchor.heads],
        )  # fmt: skip
    found = {(row["tenant_id"], row["seq"]): row for row in rows}
    for head in anchor.heads:
        row = found[head.tenant_id, head.seq]
        params = _at(anchor) | {"seq": head.seq, "tenant": head.tenant}
        if not row["here"]:
            words = N_("{tenant} is in the anchor of {at}, but no longer here. Was it erased?")
        elif row["hash"] is None:
            words = N_("The end was cut off: link #{seq} is in the anchor of {at} and no longer here.")
        elif row["hash"] != head.hash:
            words = N_("The chain was written anew: link #{seq} differs from the anchor of {at}.")
        else:
            continue
        findings.setdefault(head.tenant_id, []).append(Finding(words, params))
    return findings


def _at(anchor: Anchor) -> dict[str, object]:
    return {"at": anchor.at.isoformat(timespec="seconds")}


async def _signing_key(kernel: "Kernel", db: Database) -> Ed25519PrivateKey:
    row = await db.fetch_row("SELECT id, seed FROM audit_signing_key ORDER BY created_at DESC LIMIT 1")
    if row is not None:
        seed = await kernel.secrets.reveal(
            db, tenant_id=PLATFORM, place=AUDIT_SEED.place(row["id"]), sealed=row["seed"]
        )
        return Ed25519PrivateKey.from_private_bytes(seed)
    key, key_id = Ed25519PrivateKey.generate(), new_id()
    seed = await kernel.secrets.seal(
        db, tenant_id=PLATFORM, place=AUDIT_SEED.place(key_id), value=key.private_bytes_raw()
    )
    await db.execute(
        "INSERT INTO audit_signing_key (id, public_key, seed, created_at) VALUES ($1, $2, $3, $4)",
        key_id, key.public_key().public_bytes_raw(), seed, kernel.clock.now(),
    )  # fmt: skip
    return key


async def _is_ours(kernel: "Kernel", db: Database, public_key: bytes) -> bool:
    """Tell whether a public key's other half is sealed here: a row alone could have been put in by hand."""
    for row in await db.fetch("SELECT id, seed FROM audit_signing_key WHERE public_key = $1", public_key):
        try:
            seed = await kernel.secrets.reveal(
                db, tenant_id=PLATFORM, place=AUDIT_SEED.place(row["id"]), sealed=row["seed"]
            )
        except SecretUnreadable:
            continue
        if Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw() == public_key:
            return True
    return False


_HEADS = """
SELECT t.slug, t.id, s.seq, encode(s.hash, 'hex')
FROM (SELECT 0 AS id, '' AS slug UNION ALL SELECT id, slug FROM tenant) t
CROSS JOIN LATERAL (SELECT seq, hash FROM audit_seal s WHERE s.tenant_id = t.id ORDER BY seq DESC LIMIT 1) s
ORDER BY t.id
"""
