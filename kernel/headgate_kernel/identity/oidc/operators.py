"""The operators' identity provider: one for the installation, and nobody becomes an operator through it."""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.context import Actor
from headgate_sdk.errors import Invalid, InvalidFields, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id
from headgate_sdk.secrets import Secret

from headgate_kernel.audit import append_platform_entry
from headgate_kernel.identity.logins import fold_login
from headgate_kernel.identity.oidc.errors import SsoRefused
from headgate_kernel.identity.oidc.exchange import Client
from headgate_kernel.identity.oidc.settings import SsoForm, check_form
from headgate_kernel.identity.oidc.staff import Link

if TYPE_CHECKING:
    from headgate_sdk.database import Database

    from headgate_kernel.identity.oidc.exchange import Identity
    from headgate_kernel.runtime import Kernel

PLATFORM = 0
_PLACE = "operator_sso:client_secret:1"
_LOCK = 7226012


class OperatorSso(msgspec.Struct, frozen=True):
    """What is decided about the operators' provider."""

    enabled: bool = False
    name: str = ""
    issuer: str = ""
    client_id: str = ""
    has_secret: bool = False


async def read_operator_sso(db: "Database") -> OperatorSso:
    """Give what is decided; `db` is a platform scope."""
    rows = await db.fetch_as(OperatorSso, _READ)
    return rows[0] if rows else OperatorSso()


async def save_operator_sso(kernel: "Kernel", actor: Actor, form: SsoForm) -> None:
    """Decide about the operators' provider.

    Raises:
        InvalidFields: names each field that is wrong.
    """
    checked = check_form(form)
    if checked.sso == "required" or checked.domains or checked.role:
        raise InvalidFields([Invalid(N_("Choose one of the listed values."), field="sso")])
    async with kernel.databases.platform_scope() as db:
        before = await read_operator_sso(db)
        now = kernel.clock.now()
        await db.execute(_SAVE, checked.sso != "off", checked.name, checked.issuer, checked.client_id, now)
        # what one provider gave us is not shown to another
        other_provider = bool(before.issuer) and before.issuer != checked.issuer
        if checked.client_secret:
            sealed = await kernel.secrets.seal(
                db, tenant_id=PLATFORM, place=_PLACE, value=checked.client_secret.reveal().encode()
            )
            await db.execute(_SECRET, sealed)
        elif form.public_client or other_provider:
            await db.execute(_SECRET, None)
        after = await read_operator_sso(db)
        await append_platform_entry(
            db, actor=actor, action="sign_in.sso", subject="console", now=now,
            details={"before": msgspec.to_builtins(before), "after": msgspec.to_builtins(after),
                     "new_secret": bool(checked.client_secret)},
        )  # fmt: skip


async def client_of_console(kernel: "Kernel", db: "Database") -> Client | None:
    """Give what the console is to its provider; None when it offers none."""
    kept = await read_operator_sso(db)
    return await stored_operator_client(kernel, db) if kept.enabled else None


async def stored_operator_client(kernel: "Kernel", db: "Database") -> Client | None:
    """Give what is kept about the provider, whether it is offered or not."""
    row = await db.fetch_row("SELECT name, issuer, client_id, client_secret FROM operator_sso")
    if row is None:
        return None
    secret = None
    if row["client_secret"] is not None:
        value = await kernel.secrets.reveal(db, tenant_id=PLATFORM, place=_PLACE, sealed=row["client_secret"])
        secret = Secret(value.decode())
    return Client(row["name"], row["issuer"], row["client_id"], secret)


async def list_operator_links(db: "Database") -> list[Link]:
    """Give which operators are known to the provider, by name."""
    return await db.fetch_as(Link, _LINKS)


async def unlink_operator(kernel: "Kernel", actor: Actor, link_id: UUID) -> None:
    """Forget who an operator is at the provider.

    Raises:
        NotFound: there is no such link.
    """
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(_UNLINK, link_id)
        if row is None:
            raise NotFound(N_("This link is not here any more."))
        await append_platform_entry(
            db, actor=actor, action="sso.unlink", subject=row["name"], now=kernel.clock.now(),
            details={"issuer": row["issuer"], "provider_subject": row["subject"], "email": row["email"]},
        )  # fmt: skip


async def find_operator(kernel: "Kernel", identity: "Identity") -> UUID:
    """Give the operator behind an identity: by the link that was kept, else by a verified address.

    Raises:
        SsoRefused: says why nobody is meant.
    """
    async with kernel.databases.platform_scope() as db:
        await db.execute("SELECT pg_advisory_xact_lock($1, $2)", _LOCK, PLATFORM)
        linked = await db.fetch_value(_USE, identity.issuer, identity.subject, kernel.clock.now())
        if linked is not None:
            return UUID(str(linked))
        found = None
        if identity.email:
            found = await db.fetch_row(_BY_EMAIL, fold_login(identity.email))
        if found is None:
            raise SsoRefused(
                N_(
                    "No operator here has an e-mail address that the provider vouches for. Ask another "
                    "operator."
                )
            )
        await link_operator(kernel, db, found["id"], found["name"], identity)
        return UUID(str(found["id"]))


async def link_operator(
    kernel: "Kernel", db: "Database", person_id: UUID, name: str, identity: "Identity"
) -> None:
    """Keep who an operator is at the provider.

    Raises:
        SsoRefused: the account at the provider, or the operator, is linked to another one already.
    """
    now = kernel.clock.now()
    tag = await db.execute(
        """
        INSERT INTO operator_sso_link (id, issuer, subject, person_id, email, created_at, used_at)
        VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT DO NOTHING
        """,
        new_id(), identity.issuer, identity.subject, person_id, identity.email, now,
    )  # fmt: skip
    if tag == "INSERT 0 0":
        raise SsoRefused(
            N_("This account at the provider, or yours here, is linked to another one already. Ask another "
               "operator to unlink it.")
        )  # fmt: skip
    await append_platform_entry(
        db, actor=Actor("operator", name, person_id=person_id), action="sso.link", subject=name, now=now,
        details={"issuer": identity.issuer, "provider_subject": identity.subject, "email": identity.email},
    )  # fmt: skip


_READ = "SELECT enabled, name, issuer, client_id, client_secret IS NOT NULL FROM operator_sso"
_SAVE = """
INSERT INTO operator_sso (id, enabled, name, issuer, client_id, changed_at) VALUES (1, $1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE SET enabled = excluded.enabled, name = excluded.name, issuer = excluded.issuer,
    client_id = excluded.client_id, changed_at = excluded.changed_at
"""
_SECRET = "UPDATE operator_sso SET client_secret = $1"  # noqa: S105
_USE = """
UPDATE operator_sso_link l SET used_at = $3 FROM person p
WHERE l.issuer = $1 AND l.subject = $2 AND p.id = l.person_id AND p.is_operator RETURNING l.person_id
"""
_BY_EMAIL = """
SELECT p.id, p.name FROM person_login g JOIN person p ON p.id = g.person_id
WHERE g.login = $1 AND p.is_operator
"""
_LINKS = """
SELECT l.id, p.name, l.email, l.issuer, l.created_at, l.used_at
FROM operator_sso_link l JOIN person p ON p.id = l.person_id ORDER BY p.name, l.id
"""
_UNLINK = """
DELETE FROM operator_sso_link l USING person p
WHERE l.id = $1 AND p.id = l.person_id RETURNING p.name, l.issuer, l.subject, l.email
"""
