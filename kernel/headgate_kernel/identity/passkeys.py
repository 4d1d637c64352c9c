"""Passkeys: keys that a device keeps and uses only after it has recognised its owner (WebAuthn level 3).

A passkey is two factors in one, and is bound to the host at which it was made: it cannot be asked for by any
other site. What a browser signs is a challenge of ours, which counts once, for five minutes, at one host and
for one purpose.
"""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import webauthn
from headgate_sdk.context import Actor
from headgate_sdk.errors import Invalid, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from headgate_kernel.identity.notices import notify_person
from headgate_kernel.identity.passkey_challenges import (
    LIFETIME_MS,
    UNREADABLE,
    PasskeyRefused,
    Site,
    does_not_hold,
    keep_challenge,
    take_challenge,
)
from headgate_kernel.identity.trail import record

if TYPE_CHECKING:
    from headgate_sdk.database import Database, Record

    from headgate_kernel.runtime import Kernel

LONGEST_NAME = 100
MOST_PASSKEYS = 20
TRANSPORTS = frozenset(transport.value for transport in AuthenticatorTransport)


class Passkey(msgspec.Struct, frozen=True):
    """A passkey as its owner sees it."""

    id: UUID
    name: str
    synced: bool
    created_at: datetime
    used_at: datetime | None
    cloned_at: datetime | None


async def registration_options(kernel: "Kernel", site: Site, person_id: UUID, name: str, login: str) -> str:
    """Give what a browser needs to make a passkey, as JSON.

    Args:
        kernel: of the process.
        site: where.
        person_id: who.
        name: of the person.
        login: by which the person tells their accounts apart.
    """
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch(
            "SELECT credential_id, transports FROM person_passkey WHERE person_id = $1 AND rp_id = $2",
            person_id, site.host,
        )  # fmt: skip
        if len(rows) >= MOST_PASSKEYS:
            raise Invalid(N_("You have {n} passkeys here. Remove one first."), field="name", n=len(rows))
        options = webauthn.generate_registration_options(
            rp_id=site.host,
            rp_name=site.name,
            user_id=person_id.bytes,
            user_name=login,
            user_display_name=name,
            timeout=LIFETIME_MS,
            attestation=AttestationConveyancePreference.NONE,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[descriptor(row) for row in rows],
        )
        await keep_challenge(
            db, site, "register", person_id, challenge=options.challenge, now=kernel.clock.now()
        )
    return webauthn.options_to_json(options)


async def register_passkey(kernel: "Kernel", site: Site, actor: Actor, text: str, name: str) -> UUID:
    """Keep a passkey that a device has made for somebody who has just proved who they are.

    Args:
        kernel: of the process.
        site: where.
        actor: whose it is.
        text: what the browser gave, as JSON.
        name: by which the person tells their passkeys apart.

    Raises:
        Invalid: the name is empty or too long; names the field.
        PasskeyRefused: the answer does not hold.
    """
    name = check_name(name)
    assert actor.person_id is not None
    answer = await take_challenge(kernel, site, "register", actor.person_id, text)
    try:
        made = webauthn.verify_registration_response(
            credential=answer.json, expected_challenge=answer.challenge, expected_rp_id=site.host,
            expected_origin=site.origin, require_user_verification=True,
        )  # fmt: skip
    except UNREADABLE as error:
        raise does_not_hold() from error
    passkey_id = new_id()
    async with kernel.databases.platform_scope() as db:
        tag = await db.execute(
            """
            INSERT INTO person_passkey (id, person_id, rp_id, credential_id, public_key, sign_count,
                                        transports, synced, name, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (rp_id, credential_id) DO NOTHING
            """,
            passkey_id, actor.person_id, site.host, made.credential_id, made.credential_public_key,
            made.sign_count, [name for name in answer.transports if name in TRANSPORTS],
            made.credential_device_type is CredentialDeviceType.MULTI_DEVICE, name, kernel.clock.now(),
        )  # fmt: skip
        if tag == "INSERT 0 0":
            raise PasskeyRefused(N_("This passkey is here already."), field="passkey")
        await record(
            kernel, db, site.tenant_id, actor, "passkey.add", name, address=site.address, host=site.host
        )
        await notify_person(
            db, actor.person_id, "passkey_added", {"passkey": name},
            tenant_id=site.tenant_id, now=kernel.clock.now(),
        )  # fmt: skip
    return passkey_id


async def list_passkeys(db: "Database", person_id: UUID, host: str) -> list[Passkey]:
    """Give a person's passkeys at a host, the newest first; `db` is a platform scope."""
    return await db.fetch_as(
        Passkey,
        """
        SELECT id, name, synced, created_at, used_at, cloned_at FROM person_passkey
        WHERE person_id = $1 AND rp_id = $2 ORDER BY created_at DESC, id
        """,
        person_id, host,
    )  # fmt: skip


async def has_passkey(db: "Database", person_id: UUID, host: str) -> bool:
    """Tell whether a person has a passkey at a host that still counts; `db` is a platform scope."""
    found = await db.fetch_value(
        "SELECT count(*) FROM person_passkey WHERE person_id = $1 AND rp_id = $2 AND cloned_at IS NULL",
        person_id, host,
    )  # fmt: skip
    return bool(found)


async def rename_passkey(kernel: "Kernel", site: Site, person_id: UUID, passkey_id: UUID, name: str) -> None:
    """Give a passkey another name.

    Raises:
        Invalid: the name is empty or too long.
        NotFound: no such passkey of theirs here.
    """
    async with kernel.databases.platform_scope() as db:
        tag = await db.execute(
            "UPDATE person_passkey SET name = $4 WHERE id = $1 AND person_id = $2 AND rp_id = $3",
            passkey_id, person_id, site.host, check_name(name),
        )  # fmt: skip
    if tag == "UPDATE 0":
        raise NotFound(N_("This passkey is not here any more."))


async def remove_passkey(kernel: "Kernel", site: Site, actor: Actor, passkey_id: UUID) -> None:
    """Take a passkey away: it opens nothing from now on.

    Raises:
        NotFound: no such passkey of theirs here.
    """
    async with kernel.databases.platform_scope() as db:
        name = await db.fetch_value(
            "DELETE FROM person_passkey WHERE id = $1 AND person_id = $2 AND rp_id = $3 RETURNING name",
            passkey_id, actor.person_id, site.host,
        )  # fmt: skip
        if name is None:
            raise NotFound(N_("This passkey is not here any more."))
        await record(
            kernel, db, site.tenant_id, actor, "passkey.remove", name, address=site.address, host=site.host
        )


def check_name(name: str) -> str:
    """Give the name without the spaces around it.

    Raises:
        Invalid: empty, too long, or not plain text.
    """
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise Invalid(
            N_("Give the passkey a name of at most {n} characters, such as the device's."),
            field="name",
            n=LONGEST_NAME,
        )
    return name


def descriptor(row: "Record") -> PublicKeyCredentialDescriptor:
    """Name a passkey to a browser."""
    return PublicKeyCredentialDescriptor(
        row["credential_id"], transports=[AuthenticatorTransport(name) for name in row["transports"]] or None
    )
