"""One's own account here and the one at the identity provider: connected by whoever can prove both."""

from typing import TYPE_CHECKING

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.audit import append_platform_entry
from headgate_kernel.identity.oidc.errors import SsoRefused
from headgate_kernel.identity.oidc.operators import link_operator
from headgate_kernel.identity.oidc.staff import link_member
from headgate_kernel.identity.sign_in_policy import read_policy

if TYPE_CHECKING:
    from headgate_sdk.database import Database

    from headgate_kernel.identity.oidc.exchange import Identity
    from headgate_kernel.identity.sessions import Session
    from headgate_kernel.runtime import Kernel


class Connection(msgspec.Struct, frozen=True):
    """Whether somebody's account is connected.

    Args:
        provider: name of the provider.
        email: at the provider, when it is connected; may be empty then.
        connected: it is.
    """

    provider: str
    email: str = ""
    connected: bool = False


async def connection_of(db: "Database", session: "Session", tenant_id: TenantId | None) -> Connection | None:
    """Give whether the person's account is connected; None where no provider is meant for them.

    Args:
        db: a platform scope.
        session: of the person.
        tenant_id: where; None is the operator's console.
    """
    if tenant_id is None:
        row = await db.fetch_row(_OPERATORS, session.person_id)
        return Connection(row["name"], row["email"] or "", row["email"] is not None) if row else None
    policy = await read_policy(db, tenant_id)
    if policy.sso == "off" or session.actor.kind != "staff":
        return None
    email = await db.fetch_value(_STAFFS, tenant_id, policy.issuer, session.actor.membership_id)
    return Connection(policy.sso_name, email or "", email is not None)


async def connect(kernel: "Kernel", ctx: Context | None, session: "Session", identity: "Identity") -> None:
    """Connect the accounts of somebody who has just proved both.

    Args:
        kernel: of the process.
        ctx: of the distributor; None is the operator's console.
        session: of the person here.
        identity: at the provider.

    Raises:
        SsoRefused: one of the two is connected to another one already.
    """
    person_id = session.actor.person_id
    assert person_id is not None
    if ctx is None:
        async with kernel.databases.platform_scope() as db:
            await link_operator(kernel, db, person_id, session.actor.name, identity)
        return
    if ctx.actor.kind != "staff" or ctx.actor.membership_id is None:
        raise SsoRefused(N_("Only accounts of the distributor's staff are connected."))
    await link_member(ctx, ctx.actor.membership_id, identity, name=ctx.actor.name)


async def disconnect(kernel: "Kernel", ctx: Context | None, session: "Session") -> None:
    """Forget who somebody is at the provider; their verified address counts again the next time.

    Raises:
        NotFound: the accounts are not connected.
    """
    if ctx is None:
        async with kernel.databases.platform_scope() as db:
            tag = await db.execute(
                "DELETE FROM operator_sso_link WHERE person_id = $1", session.actor.person_id
            )
            await append_platform_entry(
                db, actor=session.actor, action="sso.unlink", subject=session.actor.name, details={},
                now=kernel.clock.now(),
            )  # fmt: skip
    else:
        tag = await ctx.db.execute(
            "DELETE FROM sso_link WHERE tenant_id = $1 AND membership_id = $2",
            ctx.tenant.id, ctx.actor.membership_id,
        )  # fmt: skip
        await ctx.audit("sso.unlink", ctx.actor.name)
    if tag == "DELETE 0":
        raise NotFound(N_("This link is not here any more."))


_STAFFS = "SELECT email FROM sso_link WHERE tenant_id = $1 AND issuer = $2 AND membership_id = $3"
_OPERATORS = """
SELECT s.name,
       (SELECT l.email FROM operator_sso_link l WHERE l.person_id = $1 AND l.issuer = s.issuer) AS email
FROM operator_sso s WHERE s.enabled
"""
