"""Imports everything that tests may need at build time. The component has no files to import from at run time."""

import gc
import importlib
import pkgutil
import sys

from . import absent

_UNWANTED = frozenset(
    """__main__ antigravity ensurepip idlelib lib2to3 pydoc_data test this turtledemo _pyrepl
    _android_support _apple_support _ios_support""".split()
)


def import_all():
    """Imports the standard library and pytest, so that the component's snapshot holds them."""
    absent.install()
    _load_all(sorted(sys.stdlib_module_names - _UNWANTED))
    _load_all(("pytest", "_pytest", "pluggy", "iniconfig", "packaging"))
    absent.finish()
    _load_all(("multiprocessing", "pty"))


def _load_all(names):
    for name in names:
        _load(name)


def _load(name: str):
    try:
        module = importlib.import_module(name)
    except (ImportError, OSError, AttributeError, NotImplementedError):
        return
    for info in pkgutil.iter_modules(getattr(module, "__path__", ())):
        if info.name not in _UNWANTED and not info.name.startswith("test"):
            _load(f"{name}.{info.name}")


def freeze_snapshot():
    """Excludes all objects of the snapshot from garbage collection, so that its memory pages stay unmodified."""
    gc.collect()
    gc.freeze()
