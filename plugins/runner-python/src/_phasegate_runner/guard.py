"""Detects code under test that replaces parts of pytest, pluggy, unittest or this runner, and protects the reports.

Before any supplied file is imported, the guard records every function, class and hook of these packages. At every
report it compares them. An audit hook holds the records and the reports: no Python object refers to it. The hook refuses
calls that list the interpreter's objects or add another hook. Reports are sent under a random event name, which code
under test cannot guess.

Limit: code that knows this file and runs in the same interpreter can still deceive it.
"""

import builtins
import itertools
import os
import sys
import types

NO_LISTING = "the interpreter's objects cannot be listed in the test sandbox: keep references to what the test needs"

_RUNNER = ("_phasegate_runner", "_phasegate_app")
_FRAMEWORKS = ("_pytest", "pytest", "pluggy", "unittest")
# A test may replace these; they must be restored after its teardown.
_RESTORED_AFTER_TEST = ("asyncio.runners", "asyncio.base_events")
_REPLACEABLE_BUILTINS = {"open", "print", "input", "__import__"}
_REFUSED_EVENTS = {"gc.get_objects", "gc.get_referrers", "gc.get_referents", "sys.addaudithook"}
_ITEM_METHODS = ("obj", "runtest", "setup", "teardown", "ihook")


def install(manager):
    """Starts watching. Returns `send(what, *facts)`; `send("end", target)` appends the reports to the list `target`."""
    own, functions = _record_parts(_modules_named(_RUNNER))
    frameworks, more = _record_parts(_modules_named(_FRAMEWORKS))
    restored, still_more = _record_parts(_modules_named(_RESTORED_AFTER_TEST))
    functions |= more | still_more
    checked_builtins = [(n, f) for n, f in vars(builtins).items() if callable(f) and n not in _REPLACEABLE_BUILTINS]
    restored += [(vars(builtins), n, f, "builtins") for n, f in checked_builtins]
    hooks = _record_hooks(manager)
    items: dict = {}
    notes: list = []
    faults: list = []
    address = f"phasegate.{os.urandom(16).hex()}"

    def watch(event, args):
        if event in _REFUSED_EVENTS:
            raise RuntimeError(NO_LISTING)
        if event in ("object.__setattr__", "object.__delattr__") and id(args[0]) in functions:
            faults.append(f"`{_name_of(args[0])}` was changed")
        elif event == address:
            receive(*args)

    def receive(what, *facts):
        # A tracing function would see the reports.
        sys.settrace(None)
        sys.setprofile(None)
        if what == "items":
            items.update((item.nodeid, (item, _code_of(item))) for item in facts[0])
        elif what in ("item", "raised", "report"):
            notes.append((what, *facts))
            if what == "report":
                check_parts(own, frameworks, *([restored] if facts[1] == "teardown" else []))
                check_item(*facts[:2])
        elif what == "end":
            # pytest has restored its own parts by now.
            check_parts(own, restored)
            facts[0].append((tuple(notes), faults[0] if faults else None))

    def check_parts(*parts):
        for held, name, value, owner in itertools.chain(*parts):
            if held.get(name) is not value:
                faults.append(f"`{owner}.{name}` was replaced")
        for implementation, function in hooks:
            if implementation.function is not function:
                faults.append(f"pytest's hook `{_name_of(function)}` was replaced")

    def check_item(nodeid, when):
        if when != "call" or nodeid not in items:
            return
        item, called = items[nodeid]
        if _code_of(item) is not called or not vars(item).keys().isdisjoint(_ITEM_METHODS):
            faults.append(f"what is called for the test `{nodeid}` was replaced")

    sys.addaudithook(watch)
    return lambda what, *facts: sys.audit(address, what, *facts)


def _modules_named(names):
    inside = tuple(f"{name}." for name in names)
    return [m for name, m in list(sys.modules.items()) if m is not None and (name in names or name.startswith(inside))]


def _record_parts(modules):
    """Returns every function and class of these modules and every function of the classes, each with its location."""
    parts, functions = [], set()
    for module in modules:
        parts.append((sys.modules, module.__name__, module, "sys.modules"))
        for name, value in list(vars(module).items()):
            if not callable(value):
                continue
            parts.append((vars(module), name, value, module.__name__))
            functions.add(id(value))
            if isinstance(value, type) and value.__module__ == module.__name__:
                inner = [(n, v) for n, v in vars(value).items() if _is_code(v)]
                owner = f"{module.__name__}.{value.__qualname__}"
                parts += [(vars(value), n, v, owner) for n, v in inner]
                functions.update(id(getattr(v, "__func__", v)) for _, v in inner)
    return parts, functions


def _is_code(value):
    return isinstance(value, (types.FunctionType, staticmethod, classmethod, property))


def _record_hooks(manager):
    callers = [c for c in vars(manager.hook).values() if hasattr(c, "get_hookimpls")]
    return [(implementation, implementation.function) for c in callers for implementation in c.get_hookimpls()]


def _code_of(item):
    """Returns the code that runs for this test. Bound methods differ at each access, their function does not."""
    called = vars(item).get("_obj")
    if called is None:
        return None
    function = getattr(called, "__func__", called)
    return getattr(function, "__code__", function)


def _name_of(function):
    return f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', function)}"
