"""What deeds and details are called on pages: the kernel's own, and what plugins' manifests declare."""

from collections.abc import Mapping

from headgate_sdk.i18n import N_

from headgate_kernel.plugins.host import PluginHost

KERNEL_DEEDS: Mapping[str, str] = {
    "audit.export": N_("Audit log exported"),
    "audit.not_whole": N_("Audit log found not whole"),
    "blueprint.applied": N_("Blueprint applied"),
    "data.erasure.ask": N_("Erasure asked for"),
    "data.erasure.withdraw": N_("Erasure withdrawn"),
    "data.export": N_("All data exported"),
    "invitation.accept": N_("Invitation accepted"),
    "jobs.drop": N_("Dead letters dropped"),
    "jobs.retry": N_("Dead letters tried again"),
    "login.request": N_("Login to be changed"),
    "login.change": N_("Login changed"),
    "login.undo": N_("Change of login taken back"),
    "member.end": N_("Access ended"),
    "member.invite": N_("Person invited"),
    "member.invite_again": N_("Person invited again"),
    "member.provision": N_("Person let in by the company account"),
    "member.restore": N_("Access restored"),
    "member.roles": N_("Roles of a person changed"),
    "member.sign_out": N_("Person signed out by others"),
    "operator.add": N_("Operator added"),
    "operator.remove": N_("Operator removed"),
    "passkey.add": N_("Passkey added"),
    "passkey.cloned": N_("Passkey looks copied"),
    "passkey.remove": N_("Passkey removed"),
    "password.change": N_("Password changed"),
    "password.reset": N_("Password reset"),
    "person.rename": N_("Own name changed"),
    "plans.apply": N_("Plans applied"),
    "plugin.activate": N_("Plugin switched on"),
    "plugin.deactivate": N_("Plugin switched off"),
    "plugin.settings": N_("Settings of a plugin changed"),
    "recovery_codes.renew": N_("Recovery codes renewed"),
    "retained.open": N_("Retained data opened"),
    "role.change": N_("Role changed"),
    "role.create": N_("Role made"),
    "role.delete": N_("Role deleted"),
    "second_factor.forget": N_("Lost second factor taken away"),
    "second_factor.remove": N_("Second factor removed"),
    "second_factor.set": N_("Second factor set up"),
    "secrets.rotate": N_("Data key changed"),
    "secrets.rotate_master": N_("Master key changed"),
    "session.confirm": N_("Identity confirmed again"),
    "session.end": N_("Session ended"),
    "session.end_others": N_("Other sessions ended"),
    "session.open": N_("Signed in"),
    "sign_in.phone_codes": N_("Sign-in by phone code set"),
    "sign_in.sso": N_("Sign-in by company account set"),
    "sso.link": N_("Company account connected"),
    "sso.unlink": N_("Company account disconnected"),
    "support.allow": N_("Help by the operator allowed"),
    "support.ask": N_("Operator asked to help"),
    "support.begin": N_("Operator began to help"),
    "support.consent": N_("Consent to help changed"),
    "support.end": N_("Operator stopped helping"),
    "support.refuse": N_("Help by the operator refused"),
    "tenant.create": N_("Distributor set up"),
    "tenant.erase": N_("Distributor erased"),
    "tenant.host_add": N_("Address added"),
    "tenant.host_remove": N_("Address removed"),
    "tenant.logo": N_("Logo changed"),
    "tenant.owner_invite": N_("Owner invited again"),
    "tenant.plan": N_("Plan changed"),
    "tenant.resume": N_("Distributor resumed"),
    "tenant.suspend": N_("Distributor suspended"),
    "token.issue": N_("API token issued"),
    "token.revoke": N_("API token revoked"),
    "workflow.flow.published": N_("Order flow published"),
}
"""The kernel's deeds by action."""

DETAILS: Mapping[str, str] = {
    "active": N_("Active"), "added": N_("New"), "address": N_("Address"), "amount": N_("Amount"),
    "brand_colour": N_("Colour"), "changed": N_("Changed"), "changes": N_("Changed"), "code": N_("Code"),
    "created": N_("New"), "credit_limit": N_("Credit limit"), "currency": N_("Currency"),
    "customer": N_("Customer"), "enabled": N_("Switched on"), "group": N_("Group"), "files": N_("Files"),
    "filters": N_("Filters"), "items": N_("Items"), "kind": N_("Kind"), "level": N_("Level"),
    "locale": N_("Language"), "login": N_("Login"), "member": N_("Person"), "membership": N_("Membership"),
    "method": N_("Way"), "min_quantity": N_("Minimum quantity"), "name": N_("Name"), "note": N_("Note"),
    "number": N_("Number"), "owner": N_("Owner"), "permissions": N_("Permissions"), "phone": N_("Phone"),
    "plan": N_("Plan"), "plugin": N_("Plugin"), "price": N_("Price"), "price_list": N_("Price list"),
    "quantity": N_("Quantity"), "reason": N_("Reason"), "role": N_("Role"), "roles": N_("Roles"),
    "rows": N_("Rows"), "scopes": N_("May"), "sent_to": N_("Sent to"), "sku": N_("Product"),
    "state": N_("State"), "status": N_("State"), "steps": N_("Steps"), "timezone": N_("Time zone"),
    "user_agent": N_("Browser"), "unit": N_("Unit"), "version": N_("Version"),
}  # fmt: skip
"""Names of details; what is not here is shown as it is written."""

KINDS: Mapping[str, str] = {
    "operator": N_("Operator"), "staff": N_("Staff"), "customer": N_("Customer"), "system": N_("System"),
    "anonymous": N_("Nobody signed in"),
}  # fmt: skip
"""Who acts."""


def deeds_by_owner(host: PluginHost) -> list[tuple[str, Mapping[str, str]]]:
    """Give the deeds that there are, by who writes them: the kernel, then each plugin that works here.

    Deeds of plugins that are off stay: what they did stands in the log.
    """
    return [
        (N_("Headgate"), KERNEL_DEEDS),
        *(
            (plugin.manifest.name, plugin.manifest.deeds)
            for plugin in host.installed
            if plugin.manifest.deeds and not plugin.problem
        ),
    ]


def deed_words(host: PluginHost) -> dict[str, str]:
    """Give the English msgids of all deeds by action."""
    return {action: words for _, deeds in deeds_by_owner(host) for action, words in deeds.items()}
