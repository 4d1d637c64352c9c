"""Who somebody at a distributor's identity provider is here.

First comes the link that was kept: a provider's subject names the same person for ever, while an e-mail
address may pass to somebody else. Without one a verified address leads to the member who signs in with it,
or, where the distributor lets a whole domain in, to a new one. Only staff come this way.
"""

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.blueprint import PersonEntry
from headgate_sdk.context import SYSTEM, Actor, Context
from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id

from headgate_kernel.identity.logins import fold_login
from headgate_kernel.identity.memberships import save_members
from headgate_kernel.identity.oidc.errors import SsoRefused
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.identity.sign_in_policy import accept_invitation, read_policy

if TYPE_CHECKING:
    from datetime import datetime

    from headgate_sdk.database import Record

    from headgate_kernel.identity.oidc.exchange import Identity
    from headgate_kernel.runtime import Kernel
    from headgate_kernel.tenancy.directory import Tenant

_LOCK = 7226012


class Link(msgspec.Struct, frozen=True):
    """Somebody's name at the provider, for the list of them."""

    id: UUID
    name: str
    email: str
    issuer: str
    created_at: "datetime"
    used_at: "datetime"


async def find_staff(kernel: "Kernel", tenant: "Tenant", identity: "Identity", *, address: str) -> UUID:
    """Give the person of the distributor's staff who is behind an identity, making them known if need be.

    Args:
        kernel: of the process.
        tenant: the distributor.
        identity: as its provider told it.
        address: network address of who asks.

    Raises:
        SsoRefused: says why nobody here is meant.
        QuotaExceeded: the plan has no place for another member.
    """
    person_id = await _known(kernel, tenant, identity, address)
    if person_id is None:
        # a task of its own: a request's own transaction is committed with its answer, too late for a session
        person_id = await asyncio.create_task(_provision(kernel, tenant, identity, address))
    return person_id


async def link_member(ctx: Context, membership_id: UUID, identity: "Identity", *, name: str) -> None:
    """Keep who somebody here is at the provider.

    Args:
        ctx: of the distributor.
        membership_id: whose.
        identity: at the provider.
        name: of the member, for the audit log.

    Raises:
        SsoRefused: the account at the provider, or the member, is linked to another one already.
    """
    tag = await ctx.db.execute(
        """
        INSERT INTO sso_link (tenant_id, id, issuer, subject, membership_id, email, created_at, used_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT DO NOTHING
        """,
        ctx.tenant.id, new_id(), identity.issuer, identity.subject, membership_id, identity.email,
        ctx.clock.now(),
    )  # fmt: skip
    if tag == "INSERT 0 0":
        linked = await ctx.db.fetch_value(_LINKED_TO, ctx.tenant.id, identity.issuer, identity.subject)
        if linked == membership_id:
            return
        raise SsoRefused(
            N_("This account at the provider, or yours here, is linked to another one already. Ask an owner "
               "to unlink it.")
        )  # fmt: skip
    await ctx.audit(
        "sso.link", name, issuer=identity.issuer, provider_subject=identity.subject, email=identity.email
    )


async def list_links(ctx: Context) -> list[Link]:
    """Give who here is known to the provider, by name."""
    return await ctx.db.fetch_as(Link, _LINKS, ctx.tenant.id)


async def unlink_member(ctx: Context, link_id: UUID) -> None:
    """Forget who somebody is at the provider; the next time their verified address counts again.

    Raises:
        NotFound: there is no such link.
    """
    row = await ctx.db.fetch_row(
        "DELETE FROM sso_link WHERE tenant_id = $1 AND id = $2 RETURNING membership_id, issuer, subject, "
        "email",
        ctx.tenant.id, link_id,
    )  # fmt: skip
    if row is None:
        raise NotFound(N_("This link is not here any more."))
    await ctx.audit(
        "sso.unlink", str(row["membership_id"]), issuer=row["issuer"], provider_subject=row["subject"],
        email=row["email"],
    )  # fmt: skip


async def _known(kernel: "Kernel", tenant: "Tenant", identity: "Identity", address: str) -> UUID | None:
    """Give who is linked, or is a member with the address and linked from now on; None when nobody is."""
    async with kernel.databases.platform_scope() as db:
        ctx = kernel.make_context(tenant, SYSTEM, db, address=address)
        found = await db.fetch_row(_LINKED, tenant.info.id, identity.issuer, identity.subject)
        if found is not None:
            _check_place(found)
            await db.execute(_USED, tenant.info.id, found["link_id"], identity.email, ctx.clock.now())
            return UUID(str(found["person_id"]))
        if not identity.email:
            raise _no_address(identity)
        found = await db.fetch_row(_BY_EMAIL, tenant.info.id, fold_login(identity.email), identity.issuer)
        if found is None:
            return None
        _check_place(found)
        if found["linked"] not in {None, identity.subject}:
            raise SsoRefused(
                N_("{email} belongs to somebody here who has another account at the provider. Ask an owner "
                   "to unlink it."),
                email=identity.email,
            )  # fmt: skip
        await link_member(ctx, found["id"], identity, name=found["name"])
        await accept_invitation(db, tenant.info.id, found["person_id"], ctx.clock.now())
        return UUID(str(found["person_id"]))


async def _provision(kernel: "Kernel", tenant: "Tenant", identity: "Identity", address: str) -> UUID:
    """Make somebody known whose address belongs to a domain that the distributor lets in."""
    login = fold_login(identity.email)
    async with kernel.databases.tenant_scope(tenant.info.id) as db:
        ctx = kernel.make_context(tenant, SYSTEM, db, address=address)
        policy = await read_policy(db, tenant.info.id)
        if login.rpartition("@")[2] not in policy.provision_domains:
            raise SsoRefused(
                N_("The provider knows you as {email}, but nobody here signs in with this address. Ask the "
                   "distributor to invite you."),
                email=identity.email,
            )  # fmt: skip
        # one after another: two at once would make one person twice
        await db.execute("SELECT pg_advisory_xact_lock($1, $2)", _LOCK, tenant.info.id)
        known = await _known(kernel, tenant, identity, address)
        if known is not None:
            return known
        await _check_role(ctx, policy.provision_role)
        await ctx.use_quota("members")
        entry = PersonEntry(login, identity.name or identity.email, "staff", (policy.provision_role,))
        async with kernel.databases.platform_scope() as platform:
            people = await save_people(platform, [NewPerson(login, entry.name)], ctx.clock.now())
        members = await save_members(ctx, [entry], people)
        actor = Actor("staff", entry.name, membership_id=members[login], person_id=people[login])
        acting = ctx.acting_as(actor)
        await acting.audit("member.provision", entry.name, email=identity.email, role=policy.provision_role)
        await link_member(acting, members[login], identity, name=entry.name)
        return people[login]


async def _check_role(ctx: Context, key: str) -> None:
    found = await ctx.db.fetch_value(
        "SELECT count(*) FROM role WHERE tenant_id = $1 AND key = $2 AND NOT '*' = ANY(permissions)",
        ctx.tenant.id, key,
    )  # fmt: skip
    if not found:
        raise SsoRefused(
            N_("The role for new staff is gone. Ask an owner to choose another in the settings.")
        )


def _check_place(row: "Record") -> None:
    if row["state"] != "active":
        raise SsoRefused(N_("Your access here has ended. Ask an owner if you need it again."))
    if row["kind"] != "staff":
        raise SsoRefused(
            N_(
                "This way in is for the distributor's staff. Sign in with your password or a code to your "
                "phone."
            )
        )


def _no_address(identity: "Identity") -> SsoRefused:
    if identity.unverified:
        return SsoRefused(
            N_("The provider does not vouch for your e-mail address, so nobody here can be found by it. "
               "Sign in another way and connect the accounts on your account page, or ask the provider to "
               "verify it.")
        )  # fmt: skip
    return SsoRefused(
        N_("The provider does not tell your e-mail address, so nobody here can be found by it. Sign in "
           "another way and connect the accounts on your account page.")
    )  # fmt: skip


_LINKED = """
SELECT l.id AS link_id, m.person_id, m.kind, m.state
FROM sso_link l JOIN membership m ON m.tenant_id = $1 AND m.id = l.membership_id
WHERE l.tenant_id = $1 AND l.issuer = $2 AND l.subject = $3
"""
_LINKED_TO = "SELECT membership_id FROM sso_link WHERE tenant_id = $1 AND issuer = $2 AND subject = $3"
_USED = """
UPDATE sso_link SET used_at = $4, email = CASE WHEN $3 = '' THEN email ELSE $3 END
WHERE tenant_id = $1 AND id = $2
"""
_BY_EMAIL = """
SELECT m.id, m.person_id, m.name, m.kind, m.state,
       (SELECT l.subject FROM sso_link l
        WHERE l.tenant_id = $1 AND l.issuer = $3 AND l.membership_id = m.id) AS linked
FROM person_login g JOIN membership m ON m.tenant_id = $1 AND m.person_id = g.person_id
WHERE g.login = $2
"""
_LINKS = """
SELECT l.id, m.name, l.email, l.issuer, l.created_at, l.used_at
FROM sso_link l JOIN membership m ON m.tenant_id = $1 AND m.id = l.membership_id
WHERE l.tenant_id = $1 ORDER BY m.name, l.id
"""
