"""Notices when what judges the tests is replaced while they run, and keeps their reports where tests do not come by.

What pytest, pluggy, unittest and this runner are made of is noted before any supplied file is imported and compared at
every report. Notes and reports are held by an audit hook, which no Python object leads to; listing the interpreter's
objects and adding a hook are refused. The name under which reports are sent is drawn by lot, so none is sent by guessing.

Not promised: in one interpreter, code that knows this file and sets out to fool it can.
"""

import builtins
import itertools
import os
import sys
import types

NO_LISTING = "the interpreter's objects cannot be listed in the test sandbox: keep references to what the test needs"

_OWN = ("_phasegate_runner", "_phasegate_app")
_JUDGES = ("_pytest", "pytest", "pluggy", "unittest")
# A test may replace these for a while; they must be back when it has been torn down.
_LENT = ("asyncio.runners", "asyncio.base_events")
_OFTEN_REPLACED = {"open", "print", "input", "__import__"}
_REFUSED = {"gc.get_objects", "gc.get_referrers", "gc.get_referents", "sys.addaudithook"}
_METHODS = ("obj", "runtest", "setup", "teardown", "ihook")


def install(manager):
    """From now on the judges are watched. Gives `send(what, *facts)`; `send("end", into)` hands the reports out."""
    own, functions = _parts(_named(_OWN))
    judges, more = _parts(_named(_JUDGES))
    lent, still_more = _parts(_named(_LENT))
    functions |= more | still_more
    kept = [(n, f) for n, f in vars(builtins).items() if callable(f) and n not in _OFTEN_REPLACED]
    lent += [(vars(builtins), n, f, "builtins") for n, f in kept]
    hooks = _hooks(manager)
    items: dict = {}
    notes: list = []
    faults: list = []
    address = f"phasegate.{os.urandom(16).hex()}"

    def watch(event, args):
        if event in _REFUSED:
            raise RuntimeError(NO_LISTING)
        if event in ("object.__setattr__", "object.__delattr__") and id(args[0]) in functions:
            faults.append(f"`{_name_of(args[0])}` was changed")
        elif event == address:
            receive(*args)

    def receive(what, *facts):
        # A tracing function would see the notes.
        sys.settrace(None)
        sys.setprofile(None)
        if what == "items":
            items.update((item.nodeid, (item, _called(item))) for item in facts[0])
        elif what in ("item", "raised", "report"):
            notes.append((what, *facts))
            if what == "report":
                look(own, judges, *([lent] if facts[1] == "teardown" else []))
                look_at(*facts[:2])
        elif what == "end":
            # By now pytest has put its own parts back.
            look(own, lent)
            facts[0].append((tuple(notes), faults[0] if faults else None))

    def look(*parts):
        for held, name, value, owner in itertools.chain(*parts):
            if held.get(name) is not value:
                faults.append(f"`{owner}.{name}` was replaced")
        for implementation, function in hooks:
            if implementation.function is not function:
                faults.append(f"pytest's hook `{_name_of(function)}` was replaced")

    def look_at(nodeid, when):
        if when != "call" or nodeid not in items:
            return
        item, called = items[nodeid]
        if _called(item) is not called or not vars(item).keys().isdisjoint(_METHODS):
            faults.append(f"what is called for the test `{nodeid}` was replaced")

    sys.addaudithook(watch)
    return lambda what, *facts: sys.audit(address, what, *facts)


def _named(names):
    inside = tuple(f"{name}." for name in names)
    return [m for name, m in list(sys.modules.items()) if m is not None and (name in names or name.startswith(inside))]


def _parts(modules):
    """Every function and class of these modules, and every function of the classes, each with where it is kept."""
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


def _hooks(manager):
    callers = [c for c in vars(manager.hook).values() if hasattr(c, "get_hookimpls")]
    return [(implementation, implementation.function) for c in callers for implementation in c.get_hookimpls()]


def _called(item):
    """What runs for this test. A method is bound anew each time; its function is the same."""
    called = vars(item).get("_obj")
    if called is None:
        return None
    function = getattr(called, "__func__", called)
    return getattr(function, "__code__", function)


def _name_of(function):
    return f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', function)}"
