"""Imports all that tests may need, so that the component's snapshot holds it: there are no files to import from later."""

import gc
import importlib
import pkgutil
import sys

_UNWANTED = frozenset(
    """__main__ antigravity ensurepip idlelib lib2to3 pydoc_data test this tkinter turtle turtledemo venv _pyrepl
    _android_support _apple_support _ios_support""".split()
)


def everything():
    for name in sorted(sys.stdlib_module_names):
        if name not in _UNWANTED:
            _load(name)
    for name in ("pytest", "_pytest", "pluggy", "iniconfig", "packaging"):
        _load(name)


def _load(name: str):
    try:
        module = importlib.import_module(name)
    except (ImportError, OSError, AttributeError, NotImplementedError):
        return
    for info in pkgutil.iter_modules(getattr(module, "__path__", ())):
        if info.name not in _UNWANTED and not info.name.startswith("test"):
            _load(f"{name}.{info.name}")


def settle():
    """Called when all is imported: garbage collection then leaves the snapshot's objects, and its pages, alone."""
    gc.collect()
    gc.freeze()
