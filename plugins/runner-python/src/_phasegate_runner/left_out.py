"""Explains why pytest collects no tests of a class: a base in the code under test may not make tests vanish."""

import sys

from . import project
from .sources import Sources


def left_out_reason(cls: type, sources: Sources) -> str | None:
    """Returns why pytest leaves this class out, if the reason is a constructor of a base in the code under test."""
    for name in ("__init__", "__new__"):
        owner = next((c for c in cls.__mro__ if name in vars(c)), object)
        if owner is not object and vars(owner)[name] is not getattr(object, name):
            path = _path_of(owner)
            if sources.is_code(path or ""):
                return f"pytest leaves out `{cls.__name__}`, because its base `{owner.__name__}` ({path}) has a constructor `{name}`"
    return None


def has_tests(cls: type, sources: Sources) -> bool:
    """Returns whether the class has functions that would be tests."""
    return any(sources.settings.is_test_function(name) and callable(getattr(cls, name, None)) for name in dir(cls))


def _path_of(cls: type) -> str | None:
    return project.relative(getattr(sys.modules.get(cls.__module__), "__file__", None) or "")
