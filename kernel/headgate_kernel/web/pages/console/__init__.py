"""The operator's console: the tenants of this system, and one of them.

Pages of other rooms that belong to the console render with `frame.console_page`, and stand in its menu
`frame.CONSOLE_NAV`.
"""

from headgate_kernel.web.pages.console import health, tenants

HANDLERS = (*tenants.HANDLERS, *health.HANDLERS)
"""Route handlers of all of them."""

__all__ = ["HANDLERS"]
