"""What the guard compares with: the parts of the test frameworks and of this runner, before any supplied file is imported.

Recording takes longer than a small test file, so it is done when the component is built.
"""

from dataclasses import dataclass

from .parts import codes_of, modules_named, record

_RUNNER = ("_phasegate_runner", "_phasegate_app")
_FRAMEWORKS = ("_pytest", "pytest", "pluggy", "unittest")
# Parts of the standard library that call tests.
_CALLERS = (
    *("_frozen_importlib", "_frozen_importlib_external", "asyncio", "concurrent", "contextlib", "contextvars", "functools"),
    *("importlib", "inspect", "threading"),
)
_GUARD = tuple(f"_phasegate_runner.{name}" for name in ("guard", "witness", "suite", "parts", "locals"))
# These hand frames to their callers.
_LEAKS = ("inspect", "traceback")


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
    framework_codes: dict
    """The code objects of the test frameworks."""
    guard_codes: dict
    """The code objects of the guard, whose frames nobody may read."""
    leaking_codes: dict
    """The code objects of the standard library that hand frames to their callers."""

    def hand_over(self) -> "Records":
        """Returns the records. Afterwards this object has none, so that a reference to it is of no use."""
        taken = Records(**vars(self))
        vars(self).clear()
        return taken


def take_records() -> Records:
    """Records everything. Call this after the frameworks were imported and changed for this runner."""
    own, functions = record(modules_named(_RUNNER))
    frameworks, more = record(modules_named(_FRAMEWORKS))
    functions |= more
    codes = codes_of([*functions.values(), *_functions_in(_CALLERS)])
    guards, leaks = codes_of(_functions_in(_GUARD)), codes_of(_functions_in(_LEAKS))
    return Records(own, frameworks, functions, codes, codes_of(more.values()), guards, leaks)


def _functions_in(names):
    return record(modules_named(names))[1].values()
