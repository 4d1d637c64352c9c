"""Settings: who belongs to the distributor."""

from headgate_sdk.context import Context
from headgate_sdk.web import page
from litestar import Response

from headgate_kernel.identity.memberships import list_members


@page("/settings/people", permission="headgate.people.read", include_in_schema=False)
async def people(ctx: Context) -> Response[str]:
    """List members with their roles."""
    return await ctx.render("settings/people.html", members=await list_members(ctx))


HANDLERS = (people,)
