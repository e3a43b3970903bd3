"""What the guard compares with: the parts of the test frameworks and of this runner, before any supplied file is imported.

Recording takes longer than a small test file, so it is done when the component is built.
"""

import builtins
import sys
import unittest
from collections.abc import Callable
from dataclasses import dataclass

from .ledger import REPLACEABLE_BUILTINS
from .parts import codes_of, make_comparison, modules_named, record

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


# These judge the tests: they are compared after every call of a test, the other parts at the end.
_JUDGES = (
    *("_phasegate_runner.reports", "_phasegate_runner.bridge", "_phasegate_runner.hidden", "_phasegate_runner.witness"),
    *("_phasegate_runner.guard", "_phasegate_runner.suite", "_phasegate_runner.locals", "_pytest.runner."),
    *("_pytest.reports.", "_pytest.raises.", "_pytest.approx.", "_pytest.recwarn."),
    *("unittest.case.TestCase", "unittest.case._Assert", "unittest.case._Base"),
)
# What the suite calls to judge, and the parts that decide then.
_CALLED = {
    "pytest": ("_pytest.raises.", "_pytest.approx.", "_pytest.recwarn."),
    "self": ("unittest.case.TestCase", "unittest.case._Assert", "unittest.case._Base"),
}
# A test may replace these; they must be restored after its teardown.
_RESTORED_AFTER_TEST = ("asyncio.runners", "asyncio.base_events")

Comparison = Callable[[], str | None]
"""Names the first part that was replaced, or returns None."""


@dataclass
class Records:
    all_changed: Comparison
    """Compares the parts of the test frameworks and of this runner."""
    own_changed: Comparison
    """Compares the parts of this runner."""
    judges_changed: Comparison
    """Compares what judges the tests."""
    called_changed: dict[str, Comparison]
    """Compares what the suite calls to judge: what belongs to `pytest`, and the methods of a test case (`self`)."""
    restored_changed: Comparison
    """Compares what a test may replace for a time: builtins and parts of asyncio."""
    genuine: dict
    """What names of builtins, of pytest and of unittest stand for, by `module.name` or `self.name`."""
    functions: dict
    """All functions that are compared, by their ids."""
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
    frameworks, of_frameworks = record(modules_named(_FRAMEWORKS))
    restored, more = record(modules_named(_RESTORED_AFTER_TEST))
    functions |= of_frameworks | more
    fixed = {n: f for n, f in vars(builtins).items() if callable(f) and n not in REPLACEABLE_BUILTINS}
    restored.append((vars(builtins), tuple(fixed), tuple(fixed.values()), "builtins"))
    judges = [g for g in frameworks + own if g[3].startswith(_JUDGES)]
    return Records(
        all_changed=make_comparison([*frameworks, *own]),
        own_changed=make_comparison(own),
        judges_changed=make_comparison(judges),
        called_changed={
            what: make_comparison([g for g in judges if g[3].startswith(owners)]) for what, owners in _CALLED.items()
        },
        restored_changed=make_comparison(restored),
        genuine=_genuine_parts(fixed),
        functions=functions,
        codes=codes_of([*functions.values(), *_functions_in(_CALLERS)]),
        framework_codes=codes_of(of_frameworks.values()),
        guard_codes=codes_of(_functions_in(_GUARD)),
        leaking_codes=codes_of(_functions_in(_LEAKS)),
    )


def _genuine_parts(fixed_builtins) -> dict:
    genuine = {f"builtins.{n}": f for n, f in fixed_builtins.items()}
    for module in modules_named(("pytest", "unittest")):
        genuine[module.__name__] = module
        genuine.update((f"{module.__name__}.{n}", v) for n, v in vars(module).items() if not n.startswith("__"))
    genuine |= {"_pytest.assertion.rewrite": sys.modules["_pytest.assertion.rewrite"], "builtins": builtins}
    # Aliases of one method are one function.
    methods = {n: getattr(f, "__func__", f) for n, f in vars(unittest.TestCase).items() if callable(f)}
    genuine.update((f"self.{n}", f) for n, f in methods.items())
    return genuine


def _functions_in(names):
    return record(modules_named(names))[1].values()
