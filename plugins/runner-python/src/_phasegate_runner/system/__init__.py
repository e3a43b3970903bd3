"""The operating system around a test: one user, one process, its signals, clocks and environment variables."""

from .install import install, start

__all__ = ["install", "start"]
