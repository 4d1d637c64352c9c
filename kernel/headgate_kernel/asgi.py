"""What ASGI servers load: `headgate_kernel.asgi:create_application` (a factory)."""

from litestar import Litestar

from headgate_kernel.app import create_app
from headgate_kernel.config import Settings


def create_application() -> Litestar:
    """Build the application from the environment."""
    return create_app(Settings.from_environment())
