"""Words of the console for what tables keep as keys."""

from headgate_sdk.i18n import N_

from headgate_kernel.tenancy.overview import Filter, Sort

FILTERS: dict[Filter, str] = {
    "all": N_("All"),
    "trouble": N_("In trouble"),
    "full": N_("Near the limit"),
    "slow": N_("Slow"),
    "suspended": N_("Suspended"),
}

SORTS: dict[Sort, str] = {
    "name": N_("Name"),
    "orders": N_("Orders today"),
    "last": N_("Last order"),
    "new": N_("On board since"),
}

METHODS = {
    "password": N_("Password"), "passkey": N_("Passkey"), "oidc": N_("Company account"),
    "phone_code": N_("Code by phone"), "handoff": N_("From another address"), "invitation": N_("Invitation"),
    "reset": N_("New password"),
}  # fmt: skip
"""How somebody signed in."""
