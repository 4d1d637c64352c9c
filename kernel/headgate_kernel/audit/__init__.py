"""The audit log: who did what to what, append-only, sealed into a chain for each tenant."""

from headgate_kernel.audit.log import PLATFORM, append_entry, append_platform_entry

__all__ = ["PLATFORM", "append_entry", "append_platform_entry"]
