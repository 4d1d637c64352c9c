"""Secrets at rest: sealed for their place with a key of their tenant, which is wrapped by a master key."""

from headgate_kernel.secrets.columns import sealed_columns
from headgate_kernel.secrets.opening import open_master_key
from headgate_kernel.secrets.secrets import Secrets

__all__ = ["Secrets", "open_master_key", "sealed_columns"]
