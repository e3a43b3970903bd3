"""Records of functions, classes and hooks, and fast comparisons with what is there now.

The comparisons are closures that hold all that they use: code that replaces a builtin or a function of this file does
not change them. The objects that are compared are never called and never asked whether they are equal.
"""

import itertools
import operator
import sys
import types

from .ledger import codes_in, identity


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
            if type(outer) is types.CodeType and identity(outer) not in found:
                found.update((identity(c), c) for c in codes_in(outer))
    return found


def make_comparison(groups):
    """Returns a function that names the first part that was replaced, or returns None."""
    groups = tuple((*group, operator.itemgetter(*group[1])) for group in groups if group[1])
    every, mapped, same, pairs = all, map, operator.is_, zip

    def changed():
        for held, names, values, owner, get in groups:
            try:
                # With one name the getter returns the value itself.
                now = get(held) if names[1:] else (get(held),)
                if every(mapped(same, now, values)):
                    continue
            except KeyError:
                pass
            for name, value in pairs(names, values):
                if held.get(name) is not value:
                    part = f"`{name}` in `{owner}`" if owner.endswith(".py") else f"`{owner}.{name}`"
                    return f"{part} was replaced"
        return None

    return changed


def make_fixture_check(fixtures):
    """Returns a function that names the first fixture that was replaced or added, or returns None."""
    every, mapped, same, size, chained = all, map, operator.is_, len, itertools.chain.from_iterable
    function_of, values_of = operator.attrgetter("func"), operator.methodcaller("values")

    def listed():
        by_node = mapped(values_of, fixtures._arg2node2fixturedefs.values())
        return [*chained(chained(by_node))]

    known = listed()
    functions = [d.func for d in known]

    def changed():
        now = listed()
        if size(now) == size(known) and every(mapped(same, now, known)):
            if every(mapped(same, mapped(function_of, now), functions)):
                return None
        for definition in now:
            if not any(definition is d and d.func is f for d, f in zip(known, functions)):
                return f"the fixture `{definition.argname}` was replaced"
        return "a fixture was removed"

    return changed


def make_hook_check(manager, is_trusted):
    """Returns a function that names the first hook of pytest that was replaced or added by untrusted code, or None."""
    hooks, execute = manager.hook, vars(manager).get("_inner_hookexec")
    now, functions = vars(hooks), {}
    every, mapped, same, size, chained = all, map, operator.is_, len, itertools.chain.from_iterable
    impls_of, function_of = operator.attrgetter("_hookimpls"), operator.attrgetter("function")
    known: list = [(), (), ()]

    def learn():
        known[0] = tuple(c for c in now.values() if hasattr(c, "get_hookimpls"))
        known[1] = tuple(chained(mapped(impls_of, known[0])))
        known[2] = tuple(mapped(function_of, known[1]))

    def changed():
        if manager.hook is not hooks or vars(manager).get("_inner_hookexec") is not execute:
            return "pytest's plugin manager was changed"
        callers, impls, called = known
        if size(callers) == size(now) and every(mapped(same, now.values(), callers)):
            impls_now = tuple(chained(mapped(impls_of, callers)))
            if size(impls_now) == size(impls) and every(mapped(same, impls_now, impls)):
                if every(mapped(same, mapped(function_of, impls), called)):
                    return None
        return difference()

    def difference():
        for caller in known[0]:
            if caller not in now.values():
                return f"pytest's hook `{caller.name}` was replaced"
        for caller in now.values():
            if type(caller) not in caller_types:
                return "a hook of pytest was replaced"
            for impl in caller._hookimpls:
                if id(impl) not in functions and not is_trusted(impl.function):
                    return f"the plugin `{impl.plugin_name}` was registered, which is no part of the suite"
                if functions.setdefault(id(impl), (impl, impl.function))[1] is not impl.function:
                    return f"pytest's hook `{impl.plugin_name}` was replaced"
        learn()
        return None

    learn()
    caller_types = {type(c) for c in known[0]}
    functions.update((id(i), (i, i.function)) for i in known[1])
    return changed


def _is_code(value):
    return isinstance(value, (types.FunctionType, staticmethod, classmethod, property))


def _functions_of(value):
    if isinstance(value, property):
        return [f for f in (value.fget, value.fset, value.fdel) if f is not None]
    return [getattr(value, "__func__", value)]
