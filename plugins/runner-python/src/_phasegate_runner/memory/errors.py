"""Errors as the operating system words them."""

import os

from .numbers import shown, strerror


def os_error(number: int, path=None, other=None) -> OSError:
    """Returns an OSError with the usual text; `other` is the second path of a call that takes two."""
    number = shown(number)
    if other is not None:
        return OSError(number, strerror(number), _shown(path), None, _shown(other))
    return OSError(number, strerror(number), _shown(path))


def _shown(path):
    return os.fspath(path) if hasattr(path, "__fspath__") else path
