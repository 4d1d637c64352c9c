"""Which ways to sign in a distributor has open, and whom it sends to its identity provider."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import msgspec
from headgate_sdk.errors import Forbidden
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

if TYPE_CHECKING:
    from headgate_sdk.context import Context
    from headgate_sdk.database import Database

Sso = Literal["off", "offered", "required"]
SSO: tuple[Sso, ...] = ("off", "offered", "required")


class SignInPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What a distributor decided about signing in.

    Args:
        phone_customers: people of customers may sign in with a code sent to their phone.
        phone_staff: so may staff; a second factor is asked for as after a password.
        sso: whether staff are offered the identity provider, or must come through it.
        sso_name: of the provider, as its button has it.
        issuer: address of the provider.
        client_id: under which the provider knows this distributor.
        has_secret: the provider's secret for it is kept here.
        provision_domains: whoever comes with an e-mail address of these is let in as staff.
        provision_role: key of the role that they get.
    """

    phone_customers: bool = True
    phone_staff: bool = False
    sso: Sso = "off"
    sso_name: str = ""
    issuer: str = ""
    client_id: str = ""
    has_secret: bool = False
    provision_domains: tuple[str, ...] = ()
    provision_role: str = ""


class SsoRequired(Forbidden):
    """Staff of this distributor come through its identity provider."""

    code = "sso_required"


class Ways(msgspec.Struct, frozen=True):
    """What the sign-in page offers beside a password.

    Args:
        sso: name of the identity provider; empty when there is none.
        phone: codes are sent to phones.
    """

    sso: str = ""
    phone: bool = False


async def read_policy(db: "Database", tenant_id: TenantId) -> SignInPolicy:
    """Give what a distributor decided; `db` is its own scope or the platform's."""
    row = await db.fetch_row(_READ, tenant_id)
    if row is None:
        return SignInPolicy()
    return SignInPolicy(**{**dict(row), "provision_domains": tuple(row["provision_domains"])})


async def read_ways(db: "Database", tenant_id: TenantId | None) -> Ways:
    """Give what the sign-in page offers at a distributor, or at the operator's console.

    Args:
        db: a platform scope.
        tenant_id: whose page; None is the console's.
    """
    if tenant_id is None:
        name = await db.fetch_value("SELECT name FROM operator_sso WHERE enabled")
        return Ways(sso=name or "")
    policy = await read_policy(db, tenant_id)
    return Ways(
        sso=policy.sso_name if policy.sso != "off" else "", phone=policy.phone_customers or policy.phone_staff
    )


async def save_phone_policy(ctx: "Context", *, customers: bool, staff: bool) -> None:
    """Decide who may sign in with a code sent to their phone."""
    before = await read_policy(ctx.db, ctx.tenant.id)
    if (before.phone_customers, before.phone_staff) == (customers, staff):
        return
    await ctx.db.execute(
        """
        INSERT INTO sign_in_policy (tenant_id, phone_customers, phone_staff, changed_at)
        VALUES ($1, $2, $3, $4)
        ON CONFLICT (tenant_id) DO UPDATE SET phone_customers = excluded.phone_customers,
            phone_staff = excluded.phone_staff, changed_at = excluded.changed_at
        """,
        ctx.tenant.id, customers, staff, ctx.clock.now(),
    )  # fmt: skip
    await ctx.audit(
        "sign_in.phone_codes", ctx.tenant.name,
        before={"customers": before.phone_customers, "staff": before.phone_staff},
        after={"customers": customers, "staff": staff},
    )  # fmt: skip


async def check_way(
    db: "Database", *, tenant_id: TenantId | None, membership_id: UUID | None, kind: str | None, method: str
) -> None:
    """Insist that staff come through the identity provider where their distributor wants it.

    Owners may come another way: somebody must be able to get in when the provider is out of order.

    Args:
        db: a platform scope.
        tenant_id: where they sign in; None is the console.
        membership_id: their place there.
        kind: of the place.
        method: how they proved who they are.

    Raises:
        SsoRequired: names the provider.
    """
    if tenant_id is None or kind != "staff" or method == "oidc":
        return
    name = await db.fetch_value(_REQUIRED, tenant_id, membership_id)
    if name is not None:
        raise SsoRequired(
            N_("{provider} is where staff sign in here. Use its button on the sign-in page."),
            field="login", provider=name,
        )  # fmt: skip


async def accept_invitation(db: "Database", tenant_id: TenantId, person_id: UUID, now: datetime) -> None:
    """Take an invitation up for somebody who has proved another way that its address is theirs.

    Args:
        db: a platform scope.
        tenant_id: who invited them.
        person_id: who.
        now: the time.
    """
    await db.execute(
        """
        UPDATE invitation i SET accepted_at = $3 FROM membership m
        WHERE i.tenant_id = $1 AND m.tenant_id = $1 AND m.id = i.membership_id AND m.person_id = $2
          AND m.state = 'active' AND i.accepted_at IS NULL AND i.revoked_at IS NULL
        """,
        tenant_id, person_id, now,
    )  # fmt: skip


_READ = """
SELECT phone_customers, phone_staff, sso, sso_name, issuer, client_id,
       client_secret IS NOT NULL AS has_secret, provision_domains, provision_role
FROM sign_in_policy WHERE tenant_id = $1
"""

_REQUIRED = """
SELECT s.sso_name FROM sign_in_policy s
WHERE s.tenant_id = $1 AND s.sso = 'required' AND NOT EXISTS (
    SELECT FROM membership_role mr JOIN role r ON r.tenant_id = $1 AND r.id = mr.role_id
    WHERE mr.tenant_id = $1 AND mr.membership_id = $2 AND '*' = ANY(r.permissions))
"""
