"""What tenants use of their plans: counted in the transaction of the deed, shown to both sides."""

from headgate_kernel.quotas.counting import quota_place, use_quota
from headgate_kernel.quotas.usage import Usage, own_usage, usage_of

__all__ = ["Usage", "own_usage", "quota_place", "usage_of", "use_quota"]
