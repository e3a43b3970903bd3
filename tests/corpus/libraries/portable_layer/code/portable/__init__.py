"""One interface to what systems do differently. Modules that a system lacks are replaced by what is always there."""

from . import compress, hashing, locks, parallel, users

__all__ = ["compress", "hashing", "locks", "parallel", "users"]
