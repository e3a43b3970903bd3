"""Watches, through the interpreter's own monitoring, which test code runs to its end and what it calls to judge.

A test has passed only if its code, in the globals of its module, has returned. What pytest reports cannot replace this.
Where the suite's code calls a builtin, an assertion of unittest or a function of pytest, the callable must be genuine.
"""

import dis
import functools
import sys
import types
import unittest.mock

import _pytest.main

from .ledger import identity
from .locals import Watch

TOOL = 3
_CALLS = {dis.opmap[name] for name in ("CALL", "CALL_KW", "CALL_FUNCTION_EX") if name in dis.opmap}
_LOOP = _pytest.main.pytest_runtestloop.__code__
_SKIPS = {"SkipTest", "Skipped", "XFailed"}
_MOCK = unittest.mock.NonCallableMock


def available() -> bool:
    return hasattr(sys, "monitoring")


class Witness:
    """Only the guard's audit hook and the interpreter's monitoring refer to the only instance."""

    def __init__(self, suite, genuine, known_codes, frame_of_caller, fault, judges_changed):
        """`known_codes` are two mappings of trusted code objects by their ids."""
        self._suite, self._genuine, self._known_codes = suite, genuine, known_codes
        self._frame_of_caller, self._fault = frame_of_caller, fault
        self._judges_changed, self._id = judges_changed, identity
        self._monitoring, self._events = sys.monitoring, sys.monitoring.events
        # What must return for a test to pass: any of these code objects. None: nothing is known about it.
        self._expected: dict[str, tuple | None] = {}
        self._direct: set[int] = set()
        self._last: dict[int, str] = {}
        self._judged: dict[int, dict[int, str]] = {}
        self._watched: dict[int, int] = {}
        self._loop = None
        self._tests: set[int] = set()
        self._locals = Watch(suite.names_bound_at, fault)

    def install(self, set_local_events, register):
        self._set_local_events = set_local_events
        register(TOOL, self._events.PY_START, self._started)
        register(TOOL, self._events.PY_RETURN, self._returned)
        register(TOOL, self._events.CALL, self._called)
        register(TOOL, self._events.LINE, self._line)

    def watch_calls(self, code, path):
        """Checks what this file calls to judge, where it calls it."""
        if self._suite.facts[path].judges:
            for each, owner in list(self._suite.codes.values()):
                if owner == path:
                    self._watch(each, self._events.CALL)

    def expect(self, nodeid: str, path: str, name: str, called):
        """Decides which code must run for this test. `name` is its qualified name in the file."""
        facts = self._suite.facts.get(path)
        if facts is None:
            return
        outer = _code_of(called)
        found = [c for c in _codes_behind(called) if self._id(c) in self._suite.codes]
        definition = facts.definitions.get(name)
        code = definition and self._suite.places.get((path, definition.qualname, definition.line))
        if code is not None and (definition.plain or outer is code):
            if outer is not code:
                self._fault(f"the test `{name}` does not run the code of its file")
            wanted = (code,)
            self._direct.add(self._id(code))
        elif code is not None:
            # A decorator of the suite decides for itself whether it calls the test.
            wanted = (code, outer) if outer is not None and self._id(outer) in self._suite.codes else (code,)
        elif found:
            wanted = tuple(found)
        elif self._may_come_from_outside(facts, name):
            wanted = None
        else:
            wanted = None
            self._fault(f"the test `{name}` does not run code of the suite")
        self._expected[nodeid] = wanted
        for each in wanted or ():
            self._tests.add(self._id(each))
            self._watch(each, self._events.PY_START | self._events.PY_RETURN)

    def expect_hidden(self, name: str, code):
        """Watches a test that must not run to its end."""
        self._expected[name] = (code,)
        self._tests.add(self._id(code))
        self._last.pop(self._id(code), None)
        self._watch(code, self._events.PY_START | self._events.PY_RETURN)

    def _may_come_from_outside(self, facts, name) -> bool:
        """Returns whether the file says that this test may be imported or inherited."""
        owner, _, last = name.rpartition(".")
        if owner:
            first = owner.partition(".")[0]
            return owner in facts.open_classes or first in facts.imported or "*" in facts.imported
        return last in facts.imported or "*" in facts.imported

    def begin(self):
        self._last.clear()
        self._locals.clear()

    def reveal(self, frame, is_framework, is_guards) -> bool:
        """Watches the suite's frames that code gets with this one. Returns False if the guard's own are among them."""
        while frame is not None:
            code = frame.f_code
            if is_guards(code):
                return False
            _, path = self._suite.codes.get(self._id(code), (None, None))
            if path:
                if self._locals.add(frame, code, path):
                    self._watch(code, self._events.LINE | self._events.PY_START | self._events.PY_RETURN)
            elif is_framework(code):
                return True
            frame = frame.f_back
        return True

    def _line(self, code, line):
        self._locals.check(self._frame_of_caller(2), code, line)

    def knows(self, nodeid: str) -> bool:
        return nodeid in self._expected

    def has_run(self, nodeid: str) -> bool:
        """Returns whether the code of the test has returned since `begin`."""
        wanted = self._expected.get(nodeid)
        return wanted is None or any(self._last.get(self._id(c)) == "returned" for c in wanted)

    def is_direct(self, nodeid: str) -> bool:
        """Returns whether pytest calls the code of the test itself, without a decorator between them."""
        return any(self._id(c) in self._direct for c in self._expected.get(nodeid) or ())

    def _watch(self, code, events):
        self._watched[self._id(code)] = self._watched.get(self._id(code), 0) | events
        self._set_local_events(TOOL, code, self._watched[self._id(code)])

    def _started(self, code, offset):
        frame = self._frame_of_caller(2)
        self._locals.forget(frame)
        if self._id(code) not in self._tests:
            return
        self._last[self._id(code)] = "started"
        _, path = self._suite.codes[self._id(code)]
        if path and not any(frame.f_globals is n for n in self._suite.namespaces.get(path, ())):
            self._fault(f"the code of `{code.co_qualname}` was run outside its module")
        if self._id(code) in self._direct:
            self._check_callers(frame.f_back, code)

    def _check_callers(self, frame, code):
        loop, last, identity, (known, of_suite) = None, self._loop, self._id, self._known_codes
        while frame is not None and frame is not last:
            caller = frame.f_code
            key = identity(caller)
            if key not in known and key not in of_suite:
                self._last[self._id(code)] = "foreign"
                return
            loop = frame if caller is _LOOP else loop
            frame = frame.f_back
        # What is below the loop over all tests has been checked once.
        self._loop = loop or self._loop

    def _returned(self, code, offset, value):
        frame = self._frame_of_caller(2)
        self._locals.check(frame, code, 0)
        self._locals.forget(frame)
        if self._last.get(self._id(code)) == "started":
            self._last[self._id(code)] = "returned"
        path = self._suite.codes[self._id(code)][1]
        if path:
            self.check_names(path)

    def check_names(self, path):
        """Checks that the file's names for builtins and parts of the frameworks still mean these."""
        facts = self._suite.facts[path]
        for namespace in self._suite.namespaces.get(path, ()):
            for name in facts.builtins:
                if name in namespace and not self._is_suites(namespace[name]):
                    self._fault(f"`{name}` was set in `{path}`")
            for name, target in facts.imports.items():
                wanted = self._genuine.get(target)
                if wanted is not None and name in namespace:
                    if namespace[name] is not wanted and not self._is_suites(namespace[name]):
                        self._fault(f"`{name}` in `{path}` was replaced")

    def _called(self, code, offset, called, first):
        if self._id(code) not in self._judged:
            self._judged[self._id(code)] = self._judges_in(code)
        judge = self._judged[self._id(code)].get(offset)
        if judge is None:
            return self._monitoring.DISABLE
        changed = self._judges_changed.get(judge.partition(".")[0])
        fault = changed and changed()
        if fault:
            self._fault(fault)
        wanted = self._genuine.get(judge)
        function = called.__func__ if type(called) is types.MethodType else called
        if judge.startswith("self.assert") and _fails_quietly(first):
            self._fault(f"the `failureException` of `{type(first).__name__}` skips the test")
        if wanted is None or function is wanted or self._is_suites(function):
            return None
        _, path = self._suite.codes[self._id(code)]
        what, _, name = judge.partition(".")
        if what == "self" and self._suite.facts[path].open_classes:
            # The class may inherit this assertion from the code under test, as its file says.
            return None
        self._fault(f"`{name if what in ('self', 'builtins') else judge}` in `{path}` was replaced")
        return None

    def _judges_in(self, code) -> dict[int, str]:
        """Returns which judge each call instruction calls. Decorators and `with` call again at the same place."""
        path = self._suite.codes[self._id(code)][1]
        judges = self._suite.facts[path].judges if path else {}
        found, seen, instructions = {}, set(), code.co_code
        for i, place in enumerate(code.co_positions() if judges else ()):
            # A place is (line, end line, column, end column).
            if place in judges and place not in seen and instructions[2 * i] in _CALLS:
                found[2 * i] = judges[place]
                seen.add(place)
        return found

    def _is_suites(self, value) -> bool:
        """Returns whether this is a function or a mock of the suite itself."""
        if _MOCK in type(value).__mro__:
            return True
        code = _code_of(value)
        return code is not None and self._id(code) in self._suite.codes


def _fails_quietly(case) -> bool:
    """Returns whether a failed assertion of this test case would skip the test."""
    for held in (vars(case), *map(vars, type(case).__mro__)) if isinstance(case, unittest.TestCase) else ():
        if "failureException" in held:
            kind = held["failureException"]
            return not isinstance(kind, type) or any(k.__name__ in _SKIPS for k in kind.__mro__)
    return False


def _code_of(called):
    kind = type(called)
    while kind in (types.MethodType, staticmethod, classmethod):
        called = called.__func__
        kind = type(called)
    return called.__code__ if kind is types.FunctionType else None


def _codes_behind(called):
    """Returns the code objects of a callable and of those that it wraps, outermost first."""
    waiting, seen, found = [called], {}, []
    while waiting and len(seen) < 200:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen[id(each)] = each
        kind = type(each)
        if kind in (types.MethodType, staticmethod, classmethod):
            waiting.append(each.__func__)
        elif kind in (functools.partial, functools.partialmethod):
            waiting.append(each.func)
        elif kind is types.FunctionType:
            found.append(each.__code__)
            waiting.append(vars(each).get("__wrapped__"))
            for cell in each.__closure__ or ():
                try:
                    waiting.append(cell.cell_contents)
                except ValueError:
                    pass
    return found
