"""What a new distributor has still to do: the kernel's own items and those of plugins, told by facts."""

from uuid import UUID

from headgate_sdk import hooks
from headgate_sdk.checklist import ChecklistItem
from headgate_sdk.context import Context
from headgate_sdk.i18n import N_

from headgate_kernel.tenancy.directory import touch
from headgate_kernel.workflow.catalogue import StepCatalogue

PROFILE_WRITE = "headgate.profile.write"
LOGO_PAGE = "/settings/logo"


async def checklist(ctx: Context, steps: StepCatalogue) -> list[ChecklistItem]:
    """Give all items in order; a plugin that fails is left out.

    Args:
        ctx: of the tenant.
        steps: of the installed plugins: without one that has a flow there is nothing to look at.
    """
    row = await ctx.db.fetch_row(
        """
        SELECT EXISTS (SELECT FROM tenant_choice WHERE tenant_id = $1 AND logo_id IS NOT NULL) AS logo,
               EXISTS (SELECT FROM workflow_definition WHERE tenant_id = $1
                       AND published_by ->> 'kind' IN ('staff', 'operator'))
                   OR EXISTS (SELECT FROM workflow_instance WHERE tenant_id = $1) AS flow,
               (SELECT count(*) FROM membership
                WHERE tenant_id = $1 AND kind = 'staff' AND state = 'active') > 1 AS staff
        """,
        ctx.tenant.id,
    )
    assert row is not None
    items = [
        ChecklistItem(
            key="headgate.logo", title=N_("Show your logo"),
            description=N_("It stands in the bar of the mall and of the workbench."),
            href=LOGO_PAGE, done=row["logo"], position=10,
        ),
        ChecklistItem(
            key="headgate.staff", title=N_("Invite your staff"),
            description=N_("Each person gets a link, a sign-in of their own, and what their role allows."),
            href="/settings/people", done=row["staff"], position=60,
        ),
    ]  # fmt: skip
    if any(subject.plugin in ctx.plugins for subject in steps.subject_types.values()):
        items.append(
            ChecklistItem(
                key="headgate.flow", title=N_("Look at the order flow"),
                description=N_(
                    "Switch on the steps that orders take at your firm, and publish; the first order ticks "
                    "it off too."
                ),
                href="/settings/flow", done=row["flow"], position=50,
            )
        )  # fmt: skip
    answers = await ctx.hooks.decide(hooks.headgate_checklist)
    items += [item for _, given in answers for item in given]
    return sorted(items, key=lambda item: (item.position, item.key))


async def is_checklist_open(ctx: Context) -> bool:
    """Tell whether the checklist is kept before who may set the tenant up."""
    state = await ctx.db.fetch_value(
        "SELECT checklist FROM tenant_choice WHERE tenant_id = $1", ctx.tenant.id
    )
    return bool(state == "open")


async def is_checklist_first(ctx: Context, steps: StepCatalogue) -> bool:
    """Tell whether the checklist is the first page of who may set the tenant up: until done or dismissed."""
    if ctx.actor.kind != "staff" or not ctx.allowed(PROFILE_WRITE):
        return False
    return await is_checklist_open(ctx) and not all(item.done for item in await checklist(ctx, steps))


async def turn_checklist(ctx: Context, state: str) -> None:
    """Make the checklist the first page (`open`), or no longer (`closed`).

    Raises:
        Forbidden: the actor may not set the tenant up.
    """
    ctx.require(PROFILE_WRITE)
    await _keep(ctx, state)


async def open_checklist(ctx: Context) -> None:
    """Make the checklist the first page of a new tenant's owner; for code that sets it up."""
    await _keep(ctx, "open")


async def _keep(ctx: Context, state: str) -> None:
    await ctx.db.execute(
        """
        INSERT INTO tenant_choice (tenant_id, checklist) VALUES ($1, $2)
        ON CONFLICT (tenant_id) DO UPDATE SET checklist = excluded.checklist
        """,
        ctx.tenant.id, state,
    )  # fmt: skip


async def set_logo(ctx: Context, content: bytes | None) -> UUID | None:
    """Show another logo in the bars, or none.

    Raises:
        Forbidden: the actor may not set the tenant up.
        Invalid: not a picture; says what to send.
    """
    ctx.require(PROFILE_WRITE)
    logo_id = await ctx.store_file(content, purpose="logo") if content is not None else None
    await ctx.db.execute(
        """
        INSERT INTO tenant_choice (tenant_id, logo_id) VALUES ($1, $2)
        ON CONFLICT (tenant_id) DO UPDATE SET logo_id = excluded.logo_id
        """,
        ctx.tenant.id, logo_id,
    )  # fmt: skip
    await touch(ctx.db, ctx.tenant.id)
    await ctx.audit("tenant.logo", ctx.tenant.slug, removed=logo_id is None)
    return logo_id
