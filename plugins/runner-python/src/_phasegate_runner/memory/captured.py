"""Finds every reference to a function that was taken before the function was replaced, and replaces it as well.

Modules bind `open`, functions of `os` and classes when they are imported: as a name, in a class, as a default value.
"""

import sys
import types


def replace_everywhere(replacements: dict):
    """Replaces these objects (old to new) in all loaded modules, their classes and the defaults of their functions.

    Give functions as `as_builtin` returns them, so that they do not become methods.
    """
    new = {id(old): value for old, value in replacements.items()}
    seen: set[int] = set()
    for name, module in list(sys.modules.items()):
        if isinstance(module, types.ModuleType) and not name.startswith("_phasegate"):
            _replace_in(module, vars(module), new, seen)


def _replace_in(owner, names, new, seen):
    for name, value in list(names.items()):
        if id(value) in new:
            _set(owner, name, new[id(value)])
        elif isinstance(value, staticmethod) and id(value.__func__) in new:
            _set(owner, name, new[id(value.__func__)])
        elif isinstance(value, types.FunctionType):
            _replace_defaults(value, new)
        elif isinstance(value, type) and id(value) not in seen:
            seen.add(id(value))
            if value.__flags__ & _HEAP_TYPE:
                _replace_in(value, vars(value), new, seen)


def _replace_defaults(function, new):
    if function.__defaults__ and any(id(d) in new for d in function.__defaults__):
        function.__defaults__ = tuple(new.get(id(d), d) for d in function.__defaults__)
    for name, value in (function.__kwdefaults__ or {}).items():
        if id(value) in new:
            function.__kwdefaults__[name] = new[id(value)]


_HEAP_TYPE = 1 << 9


def _set(owner, name, value):
    try:
        setattr(owner, name, value)
    except (TypeError, AttributeError):
        # A class of the interpreter that cannot be changed does not call what it holds by name.
        return
