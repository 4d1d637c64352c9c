"""Which identity provider a distributor's staff, or the operators, come through, and what we are to it."""

import re
from typing import TYPE_CHECKING

import msgspec
from headgate_sdk.errors import Forbidden, HeadgateError, Invalid, InvalidFields
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId
from headgate_sdk.secrets import Secret

from headgate_kernel.identity.oidc.exchange import Client
from headgate_kernel.identity.permissions import EVERYTHING
from headgate_kernel.identity.sign_in_policy import SSO, Sso, read_policy

if TYPE_CHECKING:
    from headgate_sdk.context import Context
    from headgate_sdk.database import Database

    from headgate_kernel.runtime import Kernel

LONGEST = {"name": 60, "issuer": 300, "client_id": 300, "client_secret": 1000}
MOST_DOMAINS = 50
_DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


class SsoForm(msgspec.Struct, kw_only=True):
    """What is decided about a provider; an empty secret leaves the one that is kept.

    Args:
        sso: off, offered, or (a distributor's) required.
        name: of the provider.
        issuer: its address.
        client_id: under which it knows us.
        client_secret: that it gave us.
        public_client: the client has no secret; one that is kept is thrown away.
        domains: whose people are let in as staff, separated by spaces or commas.
        role: key of the role that they get.
    """

    sso: str = "off"
    name: str = ""
    issuer: str = ""
    client_id: str = ""
    client_secret: Secret = Secret("")
    public_client: bool = False
    domains: str = ""
    role: str = ""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A form whose values can be kept."""

    sso: Sso
    name: str
    issuer: str
    client_id: str
    client_secret: Secret
    domains: tuple[str, ...]
    role: str


def check_form(form: SsoForm) -> Checked:
    """Read what was typed.

    Raises:
        InvalidFields: names each field that is wrong.
    """
    problems: list[HeadgateError] = []
    texts = {name: str(getattr(form, name)).strip() for name in ("name", "issuer", "client_id")}
    texts["client_secret"] = form.client_secret.reveal().strip()
    for name, text in texts.items():
        if len(text) > LONGEST[name] or not text.isprintable():
            problems.append(Invalid(N_("At most {n} plain characters."), field=name, n=LONGEST[name]))
        elif form.sso != "off" and not text and name != "client_secret":
            problems.append(Invalid(N_("This is missing."), field=name))
    if not texts["client_secret"].isascii():
        problems.append(
            Invalid(N_("The secret holds characters that no provider gives out."), field="client_secret")
        )
    sso = next((known for known in SSO if known == form.sso), None)
    if sso is None:
        problems.append(Invalid(N_("Choose one of the listed values."), field="sso"))
    domains = tuple(dict.fromkeys(form.domains.replace(",", " ").lower().split()))
    problems += [
        Invalid(N_("'{domain}' is not a domain such as company.cn."), field="domains", domain=domain[:100])
        for domain in domains
        if not _DOMAIN.fullmatch(domain.removeprefix("@"))
    ]
    if len(domains) > MOST_DOMAINS:
        problems.append(Invalid(N_("At most {n} domains."), field="domains", n=MOST_DOMAINS))
    if domains and not form.role.strip():
        problems.append(Invalid(N_("Choose the role of those who are let in by their domain."), field="role"))
    if problems or sso is None:
        raise InvalidFields(problems)
    return Checked(
        sso=sso, name=texts["name"], issuer=texts["issuer"], client_id=texts["client_id"],
        client_secret=Secret(texts["client_secret"]), role=form.role.strip(),
        domains=tuple(domain.removeprefix("@") for domain in domains),
    )  # fmt: skip


async def save_sso(ctx: "Context", form: SsoForm) -> None:
    """Decide through which provider the distributor's staff sign in.

    Args:
        ctx: of an owner: who chooses the provider decides who is who.
        form: what was typed.

    Raises:
        Forbidden: the actor is no owner.
        InvalidFields: names each field that is wrong.
    """
    if not ctx.allowed(EVERYTHING):
        raise Forbidden(N_("Only an owner may change this: the provider decides who is who here."))
    checked = check_form(form)
    await _check_role(ctx, checked.role)
    before = await read_policy(ctx.db, ctx.tenant.id)
    await ctx.db.execute(
        _SAVE, ctx.tenant.id, checked.sso, checked.name, checked.issuer, checked.client_id, checked.domains,
        checked.role, ctx.clock.now(),
    )  # fmt: skip
    # what one provider gave us is not shown to another
    other_provider = bool(before.issuer) and before.issuer != checked.issuer
    if checked.client_secret:
        sealed = await ctx.seal(_place(ctx.tenant.id), checked.client_secret)
        await ctx.db.execute(_SECRET, ctx.tenant.id, sealed)
    elif form.public_client or other_provider:
        await ctx.db.execute(_SECRET, ctx.tenant.id, None)
    after = await read_policy(ctx.db, ctx.tenant.id)
    await ctx.audit(
        "sign_in.sso", ctx.tenant.name, before=msgspec.to_builtins(before), after=msgspec.to_builtins(after),
        new_secret=bool(checked.client_secret),
    )  # fmt: skip


async def client_of_tenant(kernel: "Kernel", db: "Database", tenant_id: TenantId) -> Client | None:
    """Give what a distributor is to its provider; None when it offers none.

    Args:
        kernel: of the process.
        db: a platform scope, or the distributor's own.
        tenant_id: of the distributor.
    """
    policy = await read_policy(db, tenant_id)
    return None if policy.sso == "off" else await stored_client(kernel, db, tenant_id)


async def stored_client(kernel: "Kernel", db: "Database", tenant_id: TenantId) -> Client | None:
    """Give what is kept about a provider, whether it is offered or not."""
    row = await db.fetch_row(
        "SELECT sso_name, issuer, client_id, client_secret FROM sign_in_policy WHERE tenant_id = $1",
        tenant_id,
    )
    if row is None:
        return None
    secret = None
    if row["client_secret"] is not None:
        value = await kernel.secrets.reveal(
            db, tenant_id=tenant_id, place=_place(tenant_id), sealed=row["client_secret"]
        )
        secret = Secret(value.decode())
    return Client(row["sso_name"], row["issuer"], row["client_id"], secret)


def client_to_try(form: SsoForm, stored: Client | None) -> Client:
    """Give the client that was typed, with the secret that is kept where none was typed.

    The kept secret is for the address at which it was given out, and is tried at no other.

    Raises:
        InvalidFields: names each field that is wrong.
    """
    checked = check_form(msgspec.structs.replace(form, sso="offered"))
    secret: Secret | None = checked.client_secret or None
    if secret is None and stored and stored.issuer == checked.issuer and not form.public_client:
        secret = stored.client_secret
    return Client(checked.name, checked.issuer, checked.client_id, secret)


async def _check_role(ctx: "Context", key: str) -> None:
    if not key:
        return
    permissions = await ctx.db.fetch_value(
        "SELECT permissions FROM role WHERE tenant_id = $1 AND key = $2", ctx.tenant.id, key
    )
    if permissions is None:
        raise InvalidFields([Invalid(N_("There is no such role any more."), field="role")])
    if EVERYTHING in permissions:
        raise InvalidFields(
            [
                Invalid(
                    N_("Nobody becomes an owner by the domain of their address. Choose another role."),
                    field="role",
                )
            ]
        )


def _place(tenant_id: TenantId) -> str:
    return f"sign_in_policy:client_secret:{tenant_id}"


_SAVE = """
INSERT INTO sign_in_policy (tenant_id, sso, sso_name, issuer, client_id, provision_domains, provision_role,
                            changed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (tenant_id) DO UPDATE SET sso = excluded.sso, sso_name = excluded.sso_name,
    issuer = excluded.issuer, client_id = excluded.client_id, provision_domains = excluded.provision_domains,
    provision_role = excluded.provision_role, changed_at = excluded.changed_at
"""
_SECRET = "UPDATE sign_in_policy SET client_secret = $2 WHERE tenant_id = $1"  # noqa: S105
