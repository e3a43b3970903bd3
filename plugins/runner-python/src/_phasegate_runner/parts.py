"""Records of functions, classes and hooks, and fast comparisons with what is there now.

The comparisons are closures that hold all that they use: code that replaces a builtin or a function of this file does
not change them. The objects that are compared are never called and never asked whether they are equal.
"""

import itertools
import operator
import sys
import types

from .ledger import codes_in, identity


# The beginnings of the names of hooks that run a test or make its report.
_JUDGING_HOOKS = ("pytest_runtest", "pytest_pyfunc_call", "pytest_fixture", "pytest_assert", "pytest_exception")


def modules_named(names):
    inside = tuple(f"{name}." for name in names)
    return [m for name, m in list(sys.modules.items()) if m is not None and (name in names or name.startswith(inside))]


def record(modules):
    """Returns the groups (holder, names, values, owner) of every function and class, and the functions by their ids."""
    modules = tuple(modules)
    groups, functions = [(sys.modules, tuple(m.__name__ for m in modules), modules, "sys.modules")], {}
    for module in modules:
        held = {n: v for n, v in list(vars(module).items()) if callable(v)}
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
    groups = tuple(group for group in groups if group[1])
    classes = tuple(held for held, *_ in groups if type(held) is types.MappingProxyType)
    # Other holders, such as modules, also hold values that change.
    others = tuple(group for group in groups if type(group[0]) is not types.MappingProxyType)
    holders, values = tuple(g[0] for g in others), tuple(v for g in others for v in _twice_if_alone(g[2]))
    getters = tuple(operator.itemgetter(*_twice_if_alone(g[1])) for g in others)
    every, mapped, same, pairs, call, chain = all, map, operator.is_, zip, operator.call, itertools.chain
    chained, values_of, end = chain.from_iterable, types.MappingProxyType.values, (object(),)
    # All that the classes held at the last comparison. The end makes sequences of different lengths differ.
    known: list = []

    def learn():
        known[:] = chain(chained(mapped(values_of, classes)), end)

    def changed():
        try:
            if every(mapped(same, chain(chained(mapped(values_of, classes)), end), known)):
                if every(mapped(same, chained(mapped(call, getters, holders)), values)):
                    return None
        except KeyError:
            pass
        for held, names, wanted, owner in groups:
            for name, value in pairs(names, wanted):
                if held.get(name) is not value:
                    part = f"`{name}` in `{owner}`" if owner.endswith(".py") else f"`{owner}.{name}`"
                    return f"{part} was replaced"
        learn()
        return None

    learn()
    return changed


def _twice_if_alone(things):
    """A getter of one item returns the item itself, a getter of more returns a tuple."""
    return things * 2 if len(things) == 1 else things


def make_fixture_check(fixtures):
    """Returns a function that names the first fixture that was replaced or added, or returns None."""
    every, mapped, same, chain, chained = all, map, operator.is_, itertools.chain, itertools.chain.from_iterable
    function_of, values_of, end = operator.attrgetter("func"), dict.values, (object(),)
    by_name = fixtures._arg2node2fixturedefs

    def listed():
        return chained(chained(mapped(values_of, values_of(by_name))))

    known = [*listed()]
    # The end makes sequences of different lengths differ.
    functions, all_known = [d.func for d in known], [*known, *end]

    def changed():
        if fixtures._arg2node2fixturedefs is by_name and every(mapped(same, chain(listed(), end), all_known)):
            if every(mapped(same, mapped(function_of, known), functions)):
                return None
        for definition in listed():
            if not any(definition is d and d.func is f for d, f in zip(known, functions)):
                return f"the fixture `{definition.argname}` was replaced"
        return "a fixture was removed"

    return changed


def make_hook_checks(manager, is_trusted):
    """Returns two functions that name the first hook of pytest that was replaced or added by untrusted code, or None: one
    for the hooks that run and judge a test, and one for all hooks.
    """
    hooks, own = manager.hook, vars(manager)
    now, execute, functions = vars(hooks), own.get("_inner_hookexec"), {}
    find = now.get
    every, mapped, same, size = all, map, operator.is_, len
    chain, chained, end = itertools.chain, itertools.chain.from_iterable, (object(),)
    impls_of, function_of = operator.attrgetter("_hookimpls"), operator.attrgetter("function")
    known: list = [(), (), ()]
    judging: list = [(), (), (), ()]

    def learn():
        judging[0] = tuple(n for n in now if n.startswith(_JUDGING_HOOKS))
        judging[1] = tuple(now[n] for n in judging[0])
        judging[2] = (*chained(mapped(impls_of, judging[1])), *end)
        judging[3] = tuple(mapped(function_of, judging[2][:-1]))
        known[0] = tuple(c for c in now.values() if hasattr(c, "get_hookimpls"))
        known[1] = tuple(chained(mapped(impls_of, known[0])))
        known[2] = tuple(mapped(function_of, known[1]))

    def changed():
        if manager.hook is not hooks or own.get("_inner_hookexec") is not execute:
            return "pytest's plugin manager was changed"
        callers, impls, called = known
        if size(callers) == size(now) and every(mapped(same, now.values(), callers)):
            impls_now = tuple(chained(mapped(impls_of, callers)))
            if size(impls_now) == size(impls) and every(mapped(same, impls_now, impls)):
                if every(mapped(same, mapped(function_of, impls), called)):
                    return None
        return difference()

    def judging_changed():
        names, callers, impls, called = judging
        if manager.hook is hooks and own.get("_inner_hookexec") is execute:
            if every(mapped(same, mapped(find, names), callers)):
                if every(mapped(same, chain(chained(mapped(impls_of, callers)), end), impls)):
                    # The last one is the end.
                    if every(mapped(same, mapped(function_of, impls[:-1]), called)):
                        return None
        return changed()

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
    return judging_changed, changed


def _is_code(value):
    return isinstance(value, (types.FunctionType, staticmethod, classmethod, property))


def _functions_of(value):
    if isinstance(value, property):
        return [f for f in (value.fget, value.fset, value.fdel) if f is not None]
    return [getattr(value, "__func__", value)]
