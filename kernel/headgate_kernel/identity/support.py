"""What an owner has to say about operators who help: whether to be asked first, and being told."""

from typing import Literal

from headgate_sdk.context import Context, covers
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_

from headgate_kernel.identity.impersonations import Impersonation
from headgate_kernel.identity.notices import notify_person

SUPPORT_WRITE = "headgate.support.write"

Consent = Literal["notice", "ask"]
"""`notice`: help begins at once, the owners are told. `ask`: it waits until one of them agrees."""


async def support_consent(ctx: Context) -> Consent:
    """Give what the owner has chosen."""
    chosen: Consent | None = await ctx.db.fetch_value(
        "SELECT support_consent FROM tenant_choice WHERE tenant_id = $1", ctx.tenant.id
    )
    return chosen or "notice"


async def choose_consent(ctx: Context, consent: str) -> None:
    """Choose whether operators ask first.

    Raises:
        Forbidden: the actor may not decide on it.
        Invalid: there is no such choice.
    """
    ctx.require(SUPPORT_WRITE)
    if consent not in {"notice", "ask"}:
        raise Invalid(N_("Choose whether operators ask first."), field="consent")
    before = await support_consent(ctx)
    if before == consent:
        return
    await ctx.db.execute(
        """
        INSERT INTO tenant_choice (tenant_id, support_consent) VALUES ($1, $2)
        ON CONFLICT (tenant_id) DO UPDATE SET support_consent = excluded.support_consent
        """,
        ctx.tenant.id, consent,
    )  # fmt: skip
    await ctx.audit("support.consent", ctx.tenant.slug, before=before, after=consent)


async def tell_owners(ctx: Context, what: Impersonation, *, address: str) -> int:
    """Tell those who decide on help what an operator wants or does; in the operator's unit of work.

    Args:
        ctx: of the tenant, acting as an operator (`tenancy.operating`).
        what: the impersonation; one that waits is asked for, any other is told.
        address: of the page where it is decided or ended.

    Returns:
        How many messages are sent.
    """
    rows = await ctx.db.fetch(
        """
        SELECT m.person_id, array_agg(array_to_string(r.permissions, ' ')) AS permissions
        FROM membership m
        JOIN membership_role mr ON mr.tenant_id = $1 AND mr.membership_id = m.id
        JOIN role r ON r.tenant_id = $1 AND r.id = mr.role_id
        WHERE m.tenant_id = $1 AND m.kind = 'staff' AND m.state = 'active'
        GROUP BY m.person_id
        """,
        ctx.tenant.id,
    )
    template = "support_request" if what.allowed is None else "support_notice"
    values = {
        "operator": what.operator_name, "member": what.member_name, "reason": what.reason,
        "minutes": str(what.minutes), "address": address,
    }  # fmt: skip
    sent = 0
    for row in rows:
        if covers(" ".join(row["permissions"]).split(), SUPPORT_WRITE):
            sent += await notify_person(
                ctx.db, row["person_id"], template, values, tenant_id=ctx.tenant.id, now=ctx.clock.now()
            )
    return sent
