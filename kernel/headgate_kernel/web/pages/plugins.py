"""Settings: switch plugins on and off, with a preview of what appears and vanishes."""

from typing import Annotated, Literal

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.web import action, page, see_other
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_kernel.database.unit_of_work import current_unit_of_work
from headgate_kernel.plugins.activation import PluginView, activate, deactivate, list_plugins
from headgate_kernel.runtime import Kernel

PERMISSION = "headgate.plugins.write"

CATEGORIES = {
    "base": N_("Base"), "selling": N_("Selling"), "erp": N_("ERP"), "community": N_("Community"),
    "customers": N_("Customers"), "logistics": N_("Logistics"), "money": N_("Money"),
    "reports": N_("Reports"),
}  # fmt: skip

STATES = {
    "active": ("ok", N_("On")), "off": ("info", N_("Off")), "incompatible": ("stop", N_("Does not fit")),
    "needs_config": ("wait", N_("Needs settings")), "degraded": ("wait", N_("In trouble")),
    "quarantined": ("stop", N_("Stopped")), "draining": ("wait", N_("Running out")),
    "removing": ("wait", N_("Being removed")), "not_in_plan": ("stop", N_("Not in the plan")),
}  # fmt: skip


class SwitchForm(msgspec.Struct):
    """To which state a plugin is switched."""

    state: Literal["on", "off"]


@page("/settings/plugins", permission=PERMISSION, include_in_schema=False)
async def plugins(ctx: Context, kernel: Kernel) -> Response[str]:
    """List the installed plugins."""
    views = await list_plugins(ctx, kernel.host)
    return await ctx.render("settings/plugins.html", views=views, categories=CATEGORIES, states=STATES)


@page("/settings/plugins/{plugin:str}", permission=PERMISSION, include_in_schema=False)
async def plugin_page(ctx: Context, kernel: Kernel, plugin: str) -> Response[str]:
    """Show one plugin and what switching it does."""
    return await _plugin_page(ctx, await _find(ctx, kernel, plugin))


@action("/settings/plugins/{plugin:str}", permission=PERMISSION, include_in_schema=False)
async def switch(
    ctx: Context,
    kernel: Kernel,
    plugin: str,
    data: Annotated[SwitchForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[str]:
    """Switch a plugin."""
    try:
        if data.state == "on":
            await activate(ctx, kernel.host, plugin)
        else:
            await deactivate(ctx, kernel.host, kernel.steps, plugin)
    except Conflict as error:
        return await _plugin_page(
            ctx, await _find(ctx, kernel, plugin), kernel.renderer.words(ctx.locale, error)
        )
    current_unit_of_work().after_commit(lambda: kernel.directory.forget(ctx.tenant.id))
    return see_other("/settings/plugins")


async def _find(ctx: Context, kernel: Kernel, plugin: str) -> PluginView:
    for view in await list_plugins(ctx, kernel.host):
        if view.plugin.manifest.id == plugin:
            return view
    raise NotFound(N_("There is no plugin called {plugin}."), plugin=plugin)


async def _plugin_page(ctx: Context, view: PluginView, error: str = "") -> Response[str]:
    answer = await ctx.render(
        "settings/plugin.html", view=view, error=error, categories=CATEGORIES, states=STATES
    )
    if error:
        answer.status_code = 409
    return answer


HANDLERS = (plugins, plugin_page, switch)
