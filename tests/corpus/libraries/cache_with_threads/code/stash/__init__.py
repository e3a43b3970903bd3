from ._cache import TTLCache, cached, lock_per_key

__all__ = ["TTLCache", "cached", "lock_per_key"]
__version__ = "3.1.0"
