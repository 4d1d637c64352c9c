"""Keep what a distributor chooses in a plugin's settings; they are read together with the tenant."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, HeadgateError, Invalid, InvalidFields
from headgate_sdk.i18n import N_

from headgate_kernel.tenancy.directory import touch
from headgate_kernel.tenancy.setting_secrets import open_texts, seal_texts, take_secrets
from headgate_kernel.tenancy.setting_values import Values, chosen_values, settings_types
from headgate_kernel.tenancy.shape import Fault, find_faults

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel


async def read_settings(ctx: Context) -> dict[str, Values]:
    """Give what the distributor chose, by plugin; plugins that are off too."""
    rows = await ctx.db.fetch(
        'SELECT plugin, "values" FROM plugin_settings WHERE tenant_id = $1 ORDER BY plugin', ctx.tenant.id
    )
    return {row["plugin"]: msgspec.json.decode(row["values"]) for row in rows}


class Saved(msgspec.Struct, frozen=True):
    """What saving settings changed: values, and secrets that stand behind the same reference."""

    values: bool
    secrets: bool


async def save_settings(
    kernel: "Kernel", ctx: Context, plugin: str, values: Mapping[str, Any], *, keep_secrets: bool = False
) -> Saved:
    """Keep a plugin's settings, all of them at once.

    Args:
        kernel: of the process.
        ctx: who and where.
        plugin: whose settings.
        values: by field, as TOML or JSON gives them; what is left out is as it comes.
        keep_secrets: leave secrets as they are, and do not look where they were taken from.

    Raises:
        Conflict: the plugin has no settings.
        InvalidFields: values that do not fit; names the fields.
        Invalid: a secret is not where it should be; names the field.
    """
    kind = settings_types(kernel.host).get(plugin)
    if kind is None:
        raise Conflict(N_("The plugin {plugin} has no settings."), plugin=plugin)
    problems: list[HeadgateError] = [_told(fault) for fault in find_faults(dict(values), kind)]
    if problems:
        raise InvalidFields(problems)
    row = await ctx.db.fetch_row(_READ, ctx.tenant.id, plugin)
    before: Values = msgspec.json.decode(row["values"]) if row else {}
    after = chosen_values(kind, values)
    held = await open_texts(kernel.secrets, ctx.db, ctx.tenant.id, plugin, row["secrets"] if row else None)
    texts = held if keep_secrets else take_secrets(kind, values)
    saved = Saved(before != after, held != texts)
    if saved.values or saved.secrets:
        sealed = await seal_texts(kernel.secrets, ctx.db, ctx.tenant.id, plugin, texts)
        await ctx.db.execute(
            _WRITE, ctx.tenant.id, plugin, kernel.host.by_id[plugin].manifest.version,
            msgspec.json.encode(after).decode(), sealed, ctx.clock.now(), ctx.actor.name,
        )  # fmt: skip
        await ctx.audit("plugin.settings", plugin, before=before, after=after)
        await touch(ctx.db, ctx.tenant.id)
    return saved


def _told(fault: Fault) -> Invalid:
    problem = Invalid(fault.message, field=".".join(map(str, fault.path)))
    problem.params = dict(fault.params)
    return problem


_READ = 'SELECT "values", secrets FROM plugin_settings WHERE tenant_id = $1 AND plugin = $2'
_WRITE = """
INSERT INTO plugin_settings (tenant_id, plugin, version, "values", secrets, changed_at, changed_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (tenant_id, plugin) DO UPDATE SET version = excluded.version, "values" = excluded."values",
    secrets = excluded.secrets, changed_at = excluded.changed_at, changed_by = excluded.changed_by
"""
