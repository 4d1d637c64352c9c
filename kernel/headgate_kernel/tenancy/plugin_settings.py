"""Keep what a distributor chooses in a plugin's settings; it is read with the tenant, at no cost of its own."""

from collections.abc import Mapping
from typing import Any

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, HeadgateError, Invalid, InvalidFields
from headgate_sdk.i18n import N_

from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.tenancy.directory import touch
from headgate_kernel.tenancy.setting_values import Values, chosen_values, settings_types
from headgate_kernel.tenancy.shape import find_faults


async def read_settings(ctx: Context) -> dict[str, Values]:
    """Give what the distributor chose, by plugin; plugins that are off too."""
    rows = await ctx.db.fetch(
        'SELECT plugin, "values" FROM plugin_settings WHERE tenant_id = $1 ORDER BY plugin', ctx.tenant.id
    )
    return {row["plugin"]: msgspec.json.decode(row["values"]) for row in rows}


async def save_settings(ctx: Context, host: PluginHost, plugin: str, values: Mapping[str, Any]) -> bool:
    """Keep a plugin's settings, all of them at once; gives whether anything was changed.

    Args:
        ctx: who and where.
        host: the installed plugins.
        plugin: whose settings.
        values: by field, as TOML or JSON gives them; what is left out is as it comes.

    Raises:
        Conflict: the plugin has no settings.
        InvalidFields: values that do not fit; names the fields.
    """
    kind = settings_types(host).get(plugin)
    if kind is None:
        raise Conflict(N_("The plugin {plugin} has no settings."), plugin=plugin)
    problems: list[HeadgateError] = [
        Invalid(fault.message, field=".".join(map(str, fault.path)), **fault.params)
        for fault in find_faults(dict(values), kind)
    ]
    if problems:
        raise InvalidFields(problems)
    before = (await read_settings(ctx)).get(plugin, {})
    after = chosen_values(kind, values)
    if before == after:
        return False
    await ctx.db.execute(
        """
        INSERT INTO plugin_settings (tenant_id, plugin, version, "values", changed_at, changed_by)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (tenant_id, plugin) DO UPDATE SET version = excluded.version,
            "values" = excluded."values", changed_at = excluded.changed_at, changed_by = excluded.changed_by
        """,
        ctx.tenant.id, plugin, host.by_id[plugin].manifest.version, msgspec.json.encode(after).decode(),
        ctx.clock.now(), ctx.actor.name,
    )  # fmt: skip
    await ctx.audit("plugin.settings_saved", plugin, before=before, after=after)
    await touch(ctx.db, ctx.tenant.id)
    return True
