"""What becomes of each table when a tenant is exported, moved or erased.

Plugins' tables are exported unless their manifest says otherwise. The kernel's own are listed one by one,
and a test holds the list against the live schema, so that a new table cannot be forgotten.
"""

from collections.abc import Mapping

from headgate_sdk.manifest import TableClass

from headgate_kernel.plugins.host import PluginHost

KERNEL_TABLES: Mapping[str, TableClass] = {
    # the tenant and its people
    "tenant_host": "export",
    "tenant_choice": "export",
    "role": "export",
    "membership": "export",
    "membership_role": "export",
    "plugin_activation": "export",
    "plugin_settings": "export",
    "sign_in_policy": "export",
    "sso_link": "export",
    "stored_file": "export",
    # history
    "audit_entry": "export",
    "audit_seal": "export",
    "workflow_definition": "export",
    "workflow_instance": "export",
    "workflow_event": "export",
    "workflow_resolution": "export",
    "workflow_task": "export",
    "quota_use": "export",
    # proofs and keys: worth nothing elsewhere, and nobody's to carry away
    "data_key": "secret",
    "api_token": "secret",
    "invitation": "secret",
    # of the moment, or of this installation
    "audit_unsealed": "transient",
    "audit_verification": "transient",
    "session": "transient",
    "handoff": "transient",
    "password_reset": "transient",
    "phone_code": "transient",
    "oidc_visit": "transient",
    "impersonation": "transient",
    "job": "transient",
    "job_schedule": "transient",
    "tenant_revision": "transient",
    "tenant_traffic": "transient",
    "tenant_figure": "transient",
    "tenant_suspension": "transient",
    "onboarding": "transient",
    "quota_notice": "transient",
    "erasure_request": "transient",
    "limit_state": "transient",
    "sent_message": "transient",
}
"""Every table of the kernel that has a `tenant_id`; all others are the platform's own."""

PLATFORM_KEEPS: frozenset[str] = frozenset({"retained_archive"})
"""Tables of the platform that outlive a tenant on purpose."""


def table_classes(host: PluginHost, tables: Mapping[str, bool]) -> dict[str, TableClass]:
    """Give the class of each live table with a `tenant_id`.

    Args:
        host: the installed plugins.
        tables: live tables that have a `tenant_id`, with whether row-level security guards them.

    Raises:
        LookupError: a table that nobody has classified; names it.
    """
    declared: dict[str, TableClass] = dict(KERNEL_TABLES)
    prefixes: list[str] = []
    for plugin in host.installed:
        declared.update(plugin.manifest.data)
        prefixes.append(plugin.manifest.id.replace("-", "_") + "_")
    classes: dict[str, TableClass] = {}
    for table, secured in tables.items():
        if table in declared:
            classes[table] = declared[table]
        elif secured and any(table.startswith(prefix) for prefix in prefixes):
            classes[table] = "export"
        else:
            raise LookupError(f"{table} has a tenant_id and no class: list it in KERNEL_TABLES or a manifest")
    return classes
