"""The kernel's own pages: sign-in, settings, the operator's console."""

from headgate_kernel.web.pages import console, entry, flow, people, pictures, plugins, probes

HANDLERS = (
    *entry.HANDLERS,
    *pictures.HANDLERS,
    *flow.HANDLERS,
    *plugins.HANDLERS,
    *people.HANDLERS,
    *console.HANDLERS,
    *probes.HANDLERS,
)
"""Route handlers of all of them."""

__all__ = ["HANDLERS"]
