"""Settings: what a distributor chooses about one plugin."""

from typing import Annotated

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, InvalidFields, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.web import action, page, see_other
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_kernel.database.unit_of_work import current_unit_of_work
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.plugin_settings import read_settings, save_settings
from headgate_kernel.tenancy.setting_fields import read_fields, setting_fields
from headgate_kernel.tenancy.setting_values import Values, settings_types

PERMISSION = "headgate.plugins.write"
PATH = "/settings/plugins/{plugin:str}/settings"

Typed = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@page(PATH, permission=PERMISSION, include_in_schema=False)
async def settings_page(ctx: Context, kernel: Kernel, plugin: str, *, saved: bool = False) -> Response[str]:
    """Show a plugin's settings."""
    _kind(ctx, kernel, plugin)
    return await _page(ctx, kernel, plugin, (await read_settings(ctx)).get(plugin, {}), saved=saved)


@action(PATH, permission=PERMISSION, include_in_schema=False)
async def keep_settings(ctx: Context, kernel: Kernel, plugin: str, data: Typed) -> Response[str]:
    """Keep what was chosen."""
    kept = (await read_settings(ctx)).get(plugin, {})
    values = read_fields(_kind(ctx, kernel, plugin), data, kept)
    try:
        async with ctx.db.savepoint():
            await save_settings(kernel, ctx, plugin, values, keep_secrets=True)
    except HeadgateError as error:
        answer = await _page(ctx, kernel, plugin, values, error=error)
        answer.status_code = error.status
        return answer
    current_unit_of_work().after_commit(lambda: kernel.directory.forget(ctx.tenant.id))
    return see_other(f"/settings/plugins/{plugin}/settings?saved=1")


HANDLERS = (settings_page, keep_settings)


def _kind(ctx: Context, kernel: Kernel, plugin: str) -> type[msgspec.Struct]:
    kind = settings_types(kernel.host).get(plugin)
    if kind is None or plugin not in ctx.plugins:
        raise NotFound(N_("There is nothing to choose about {plugin}."), plugin=plugin)
    return kind


async def _page(
    ctx: Context,
    kernel: Kernel,
    plugin: str,
    values: Values,
    *,
    saved: bool = False,
    error: HeadgateError | None = None,
) -> Response[str]:
    problems = error.problems if isinstance(error, InvalidFields) else (error,) if error else ()
    words = {one.field: kernel.renderer.words(ctx.locale, one) for one in problems}
    fields = setting_fields(_kind(ctx, kernel, plugin), values)
    return await ctx.render(
        "settings/plugin_settings.html",
        manifest=kernel.host.by_id[plugin].manifest,
        fields=fields,
        errors=words,
        rest=" ".join(text for field, text in words.items() if field not in {one.name for one in fields}),
        saved=saved,
    )
