"""How many requests of a tenant are let through: exact over all workers, at no query for the usual request.

`state` is what all workers share, in the database; `holding` is what one worker has taken of it beforehand;
`limits` admits requests from it, and goes for more ahead of need.
"""

from headgate_kernel.limits.limits import Limits

__all__ = ["Limits"]
