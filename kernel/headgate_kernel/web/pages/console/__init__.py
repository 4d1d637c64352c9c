"""The operator's console: the tenants of this system, one of them, a new one, and help in somebody's place.

Pages of other rooms that belong to the console render with `frame.console_page`, and stand in its menu
`frame.CONSOLE_NAV`.
"""

from headgate_kernel.web.pages.console import health, help, onboarding, one, tenants  # noqa: A004

HANDLERS = (
    *tenants.HANDLERS,
    *onboarding.HANDLERS,
    *one.HANDLERS,
    *help.HANDLERS,
    *health.HANDLERS,
)
"""Route handlers of all of them."""

__all__ = ["HANDLERS"]
