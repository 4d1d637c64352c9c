"""The kernel's own pages: sign-in, settings, the operator's console."""

from headgate_kernel.web.pages import (
    account,
    account_confirm,
    account_password,
    account_second_factor,
    account_sessions,
    checklist,
    console,
    entry,
    flow,
    invitation,
    login_link,
    people,
    pictures,
    plugins,
    probes,
    reset,
    roles,
    second_step,
    support,
    switching,
    tokens,
)

HANDLERS = (
    *entry.HANDLERS,
    *second_step.HANDLERS,
    *invitation.HANDLERS,
    *reset.HANDLERS,
    *login_link.HANDLERS,
    *account.HANDLERS,
    *account_confirm.HANDLERS,
    *account_password.HANDLERS,
    *account_second_factor.HANDLERS,
    *account_sessions.HANDLERS,
    *pictures.HANDLERS,
    *flow.HANDLERS,
    *plugins.HANDLERS,
    *people.HANDLERS,
    *roles.HANDLERS,
    *tokens.HANDLERS,
    *switching.HANDLERS,
    *checklist.HANDLERS,
    *support.HANDLERS,
    *console.HANDLERS,
    *probes.HANDLERS,
)
"""Route handlers of all of them."""

__all__ = ["HANDLERS"]
