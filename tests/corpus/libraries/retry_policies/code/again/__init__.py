from .policy import GaveUp, Policy, exponential, fixed, jittered
from .decorators import retry

__all__ = ["GaveUp", "Policy", "exponential", "fixed", "jittered", "retry"]
