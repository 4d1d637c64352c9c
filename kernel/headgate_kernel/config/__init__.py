"""Settings of the process, from the environment, in one place."""

from headgate_kernel.config.settings import Settings

__all__ = ["Settings"]
