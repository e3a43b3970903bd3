"""Records of functions, classes and hooks, and fast comparisons with what is there now.

The comparisons are closures that hold all that they use: code that replaces a builtin or a function of this file does
not change them. The objects that are compared are never called and never asked whether they are equal.
"""

import operator
import sys
import types

from .ledger import codes_in


def modules_named(names):
    inside = tuple(f"{name}." for name in names)
    return [m for name, m in list(sys.modules.items()) if m is not None and (name in names or name.startswith(inside))]


def record(modules):
    """Returns the groups (holder, names, values, owner) of every function and class, and the functions by their ids."""
    groups, functions = [], {}
    for module in modules:
        held = {n: v for n, v in list(vars(module).items()) if callable(v)}
        groups.append((sys.modules, (module.__name__,), (module,), "sys.modules"))
        groups.append((vars(module), tuple(held), tuple(held.values()), module.__name__))
        for value in held.values():
            functions[id(value)] = value
            if isinstance(value, type) and value.__module__ == module.__name__:
                inner = {n: v for n, v in vars(value).items() if _is_code(v)}
                owner = f"{module.__name__}.{value.__qualname__}"
                groups.append((vars(value), tuple(inner), tuple(inner.values()), owner))
                for each in inner.values():
                    for function in _functions_of(each):
                        functions[id(function)] = function
    return groups, functions


def codes_of(functions):
    """Returns the code objects of these functions and all nested ones, by their ids."""
    found = {}
    for function in functions:
        code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
        for outer in (code, getattr(function, "__code__", None)):
            if type(outer) is types.CodeType and id(outer) not in found:
                found.update((id(c), c) for c in codes_in(outer))
    return found


def make_comparison(groups):
    """Returns a function that names the first part that was replaced, or returns None."""
    groups = tuple(groups)
    every, mapped, same = all, map, operator.is_

    def changed():
        for held, names, values, owner in groups:
            if not every(mapped(same, mapped(held.get, names), values)):
                for name, value in zip(names, values):
                    if held.get(name) is not value:
                        return f"`{owner}.{name}` was replaced"
        return None

    return changed


def make_hook_check(manager, is_trusted):
    """Returns a function that names the first hook of pytest that was replaced or added by untrusted code, or None."""
    hooks, function_type, method_type = manager.hook, types.FunctionType, types.MethodType
    callers = {name: c for name, c in vars(hooks).items() if hasattr(c, "get_hookimpls")}
    recorded = {name: tuple(c.get_hookimpls()) for name, c in callers.items()}
    functions = {id(i): (i, i.function) for impls in recorded.values() for i in impls}
    execute = vars(manager).get("_inner_hookexec")
    every, mapped, same, size = all, map, operator.is_, len

    def changed():
        if manager.hook is not hooks or vars(manager).get("_inner_hookexec") is not execute:
            return "pytest's plugin manager was changed"
        now = vars(hooks)
        for name, caller in now.items():
            before = callers.get(name)
            if before is not caller:
                if before is not None or not hasattr(caller, "get_hookimpls"):
                    return f"pytest's hook `{name}` was replaced"
                callers[name], recorded[name] = caller, ()
            impls, known = caller._hookimpls, recorded[name]
            if size(impls) != size(known) or not every(mapped(same, impls, known)):
                for impl in impls:
                    if id(impl) not in functions:
                        if not is_trusted(impl.function):
                            return f"the plugin `{impl.plugin_name}` was registered, which is no part of the suite"
                        functions[id(impl)] = (impl, impl.function)
                recorded[name] = tuple(impls)
        if size(now) < size(callers):
            return "a hook of pytest was removed"
        for impl, function in functions.values():
            if impl.function is not function:
                return f"pytest's hook `{impl.plugin_name}` was replaced"
        return None

    del function_type, method_type
    return changed


def _is_code(value):
    return isinstance(value, (types.FunctionType, staticmethod, classmethod, property))


def _functions_of(value):
    if isinstance(value, property):
        return [f for f in (value.fget, value.fset, value.fdel) if f is not None]
    return [getattr(value, "__func__", value)]
