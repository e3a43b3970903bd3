"""Files, folders and databases that live in memory for one call."""

from .functions import install

__all__ = ["install"]
