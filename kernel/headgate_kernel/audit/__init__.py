"""The audit log: who did what to what, append-only."""

from headgate_kernel.audit.log import append_entry

__all__ = ["append_entry"]
