"""Files, folders and databases that live in memory for one call."""

from .install import install, start

__all__ = ["install", "start"]
