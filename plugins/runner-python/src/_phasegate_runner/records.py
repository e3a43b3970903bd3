"""What the guard compares with: the parts of the test frameworks and of this runner, before any supplied file is imported.

Recording takes longer than a small test file, so it is done when the component is built.
"""

from dataclasses import dataclass

from .parts import codes_of, modules_named, record

_RUNNER = ("_phasegate_runner", "_phasegate_app")
_FRAMEWORKS = ("_pytest", "pytest", "pluggy", "unittest")
# Parts of the standard library that call tests.
_CALLERS = ("asyncio", "contextlib", "contextvars", "functools", "importlib", "inspect", "threading", "concurrent")


@dataclass
class Records:
    own: list
    """Groups of parts of this runner, as `parts.record` returns them."""
    frameworks: list
    """Groups of parts of the test frameworks."""
    functions: dict
    """All functions of these groups, by their ids."""
    codes: dict
    """The code objects of these functions and of those that call tests, by their ids."""


def take_records() -> Records:
    """Records everything. Call this after the frameworks were imported and changed for this runner."""
    own, functions = record(modules_named(_RUNNER))
    frameworks, more = record(modules_named(_FRAMEWORKS))
    functions |= more
    codes = codes_of([*functions.values(), *record(modules_named(_CALLERS))[1].values()])
    return Records(own, frameworks, functions, codes)
