import importlib

_LAZY = {"parse": "toolbox.parsing", "plot": "toolbox.plotting"}
__all__ = sorted(_LAZY)


def __getattr__(name):
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'toolbox' has no attribute {name!r}")


def __dir__():
    return __all__
