"""What ASGI servers load: `headgate_kernel.asgi:create_application` (a factory)."""

from litestar import Litestar

from headgate_kernel.app import create_app
from headgate_kernel.config import Settings
from headgate_kernel.observe.logs import configure_logging


def create_application() -> Litestar:
    """Build the application from the environment."""
    settings = Settings.from_environment()
    configure_logging(settings.log_form, settings.log_level)
    return create_app(settings)
