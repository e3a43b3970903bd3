"""Detects code under test that forges results: see `witness`, `parts` and `suite` for the means.

Before any supplied file is imported, the guard records every function, class and hook of the test frameworks and of this
runner. An audit hook holds the records, the suite's code and the reports: no Python object refers to it. Everything else
talks to it by an audit event of a random name. The hook refuses calls that list the interpreter's objects, add another
hook, trace, or look at its own frames.

Limit: code that knows this file and runs in the same interpreter can still deceive it.
"""

import os
import sys
import types

from . import ledger, witness
from .parts import make_comparison, make_fixture_check, make_hook_checks
from .records import Records
from .suite import Suite

NO_LISTING = "the interpreter's objects cannot be listed in the test sandbox: keep references to what the test needs"
NO_TRACING = "tracing cannot be used in the test sandbox: it can change what a test does"
NO_LOOKING = "the frames of the test runner cannot be read"

_REFUSED_EVENTS = ("gc.get_objects", "gc.get_referrers", "gc.get_referents", "sys.addaudithook")
_FRAME_NAMES = frozenset({"tb_frame", "gi_frame", "cr_frame", "ag_frame"})
_FUNCTION_PARTS = frozenset({"__code__", "__defaults__", "__kwdefaults__"})
_SKIPS = frozenset({"Skipped", "SkipTest", "XFailed"})
_PROFILER = 2
# After how many tests the builtins and asyncio are compared, besides at the end.
_RARELY = 10


def install(manager, suite: Suite, records: Records):
    """Starts watching. Returns `send(what, *facts)`; `send("end", target)` appends the reports to the list `target`."""
    # Copies would touch most pages of the component's snapshot, which takes longer than a small test file.
    records = records.hand_over()
    all_changed, own_changed, judges_changed = records.all_changed, records.own_changed, records.judges_changed
    restored_changed, called_changed, genuine = records.restored_changed, records.called_changed, records.genuine
    functions, known, leaks = records.functions, records.codes, records.leaking_codes
    frame_works, guards = records.framework_codes, records.guard_codes
    del records
    known.update(_codes_on_the_stack())

    collected: dict = {}
    # The identities of the functions that pytest calls for the collected tests.
    called: set = set()
    notes: list = []
    faults: list = []
    # The outcomes of the current test's stages, and `raised`.
    outcomes: list = []
    forged: set = set()
    # What the code under test gave as reasons when it skipped tests.
    skipped: dict = {}
    finished: list = []
    # Comparisons with what was there when the tests had been collected.
    lasting: list = []
    # The tests that have ended; the hidden tests with their results, and those that failed as they must.
    ended: set = set()
    hidden: dict = {}
    proven: list = []
    files: list = []
    address = f"phasegate.{os.urandom(16).hex()}"
    get_frame, monitoring = sys._getframe, getattr(sys, "monitoring", None)
    real = dict(vars(monitoring)) if monitoring else {}
    busy = ticket = reading = False
    identity, frame_names = ledger.identity, _FRAME_NAMES
    event_handlers: dict = {}

    def is_known(code):
        return identity(code) in known or identity(code) in suite.codes

    def is_trusted(function):
        function = getattr(function, "__func__", function)
        return type(function) is types.FunctionType and is_known(function.__code__)

    hooks_of_tests_changed, hooks_changed = make_hook_checks(manager, is_trusted)

    def frame_of_caller(depth):
        nonlocal ticket
        ticket = True
        return get_frame(depth)

    def watch(event, args):
        __tracebackhide__ = True
        # By far the most frequent event.
        if event == "object.__getattr__" and args[1] not in frame_names:
            return
        handler = event_handlers.get(event)
        if handler is not None:
            handler(*args)

    def refuse_listing(*_):
        raise RuntimeError(NO_LISTING)

    def refuse_tracing(*_):
        nonlocal ticket
        if not ticket:
            raise RuntimeError(NO_TRACING)
        ticket = False

    def frame_is_read(frame=None):
        nonlocal ticket
        if ticket:
            ticket = False
        else:
            give_frame(frame)

    def attribute_is_read(owner, name):
        nonlocal reading
        if not reading:
            reading = True
            try:
                give_frame(getattr(owner, name))
            finally:
                reading = False

    def give_frame(frame):
        if busy:
            raise RuntimeError(NO_LOOKING)
        # The caller is behind `frame_of_caller`, this function, a handler and `watch`.
        reader = identity(frame_of_caller(4).f_code)
        if reader in suite.codes or (reader in known and reader not in leaks) or not seen_by:
            return
        if not seen_by[0].reveal(frame, lambda c: identity(c) in frame_works, lambda c: identity(c) in guards):
            raise RuntimeError(NO_LOOKING)

    def attribute_is_set(changed, name, *_):
        if id(changed) in functions:
            faults.append(f"`{_name_of(changed)}` was changed")
        elif name in _FUNCTION_PARTS and type(changed) is types.FunctionType:
            setter = frame_of_caller(3).f_code
            if identity(changed.__code__) in suite.codes and not is_known(setter) and is_original(changed, name):
                faults.append(f"`{_name_of(changed)}` was changed")

    def is_original(function, name):
        """Returns whether changing this part changes what a file of the suite defines."""
        return name == "__code__" or identity(function) in called or not suite.is_copy(function)

    def code_is_executed(code):
        if not busy and type(code) is types.CodeType and identity(code) not in suite.codes:
            if identity(frame_of_caller(3).f_code) in suite.codes:
                suite.add_made(code)

    def receive(what, *facts):
        __tracebackhide__ = True
        nonlocal busy
        if busy:
            return
        busy = True
        try:
            receivers[what](*facts)
        finally:
            busy = False

    def give_code(path, target):
        code = suite.code(path)
        if code is not None:
            if seen_by and path not in watched:
                watched.add(path)
                seen_by[0].watch_calls(code, path)
            target.append(code)

    def receive_module(path, namespace):
        # Code under test may be the first to import a helper of the suite, but not its tests.
        first = path in suite.facts and not suite.namespaces.get(path) and not suite.is_test_file(path)
        if first or (path in suite.facts and _is_quiet(frame_of_caller(3))):
            suite.namespaces.setdefault(path, []).append(namespace)

    def _is_quiet(frame):
        while frame is not None:
            if not is_known(frame.f_code):
                return False
            frame = frame.f_back
        return True

    def receive_items(path, items):
        if collected:
            faults.append("the tests were collected twice")
        files.append(path)
        if items:
            lasting.append(make_fixture_check(items[0].session._fixturemanager))
        lasting.append(make_comparison(_fixed_names(suite)))
        for item in items:
            collected[item.nodeid] = item
            function = _called_by(item)
            called.add(identity(getattr(function, "__func__", function)))
            if seen_by:
                name = item.nodeid.removeprefix(f"{path}::").partition("[")[0].replace("::", ".")
                seen_by[0].expect(item.nodeid, path, name, function)
        check(hooks_changed)

    def make_hidden(target):
        for path in files[:1]:
            if suite.namespaces.get(path):
                function, name = suite.make_hidden_test(path)
                hidden[name] = []
                if seen_by:
                    seen_by[0].expect_hidden(name, function.__code__)
                target.append(function)

    def receive_hidden(name, what, *facts):
        hidden[name].append(what if what == "raised" else facts[:2])
        if facts and facts[0] == "call":
            failed = "raised" in hidden[name] and facts[1] != "passed"
            if not failed or (seen_by and seen_by[0].has_run(name)):
                faults.append("a hidden test that must fail did not fail")
            else:
                proven.append(name)

    def receive_note(what, nodeid, *facts):
        name = nodeid.rpartition("::")[2]
        if name in hidden:
            receive_hidden(name, what, *facts)
            return
        notes.append((what, nodeid, *facts))
        if what != "report":
            outcomes.append(what)
            return
        when, outcome = facts[:2]
        if when == "setup":
            outcomes.clear()
            if seen_by:
                seen_by[0].begin()
        outcomes.append(outcome)
        if when == "call":
            check(judges_changed, hooks_of_tests_changed)
        elif when == "teardown":
            ended.add(nodeid)
            check(*lasting)
            if len(ended) % _RARELY == 1:
                check(restored_changed)
            if seen_by:
                judge_by_witness(nodeid)
                for path in suite.namespaces:
                    seen_by[0].check_names(path)

    def receive_raised(nodeid, text, error=None):
        if type(error).__name__ in _SKIPS and not _was_raised_by_suite(error):
            skipped[nodeid] = text
        receive_note("raised", nodeid, text)

    def _was_raised_by_suite(error):
        """Returns whether the innermost frame outside the frameworks is the suite's."""
        nonlocal reading
        trace, by_suite, reading = error.__traceback__, True, True
        while trace is not None:
            code = trace.tb_frame.f_code
            if identity(code) not in known:
                by_suite = identity(code) in suite.codes
            trace = trace.tb_next
        reading = False
        return by_suite

    def judge_by_witness(nodeid):
        if any(outcome != "passed" for outcome in outcomes):
            return
        if not seen_by[0].knows(nodeid):
            faults.append(f"`{nodeid}` was reported, but it was not collected")
        elif not seen_by[0].has_run(nodeid):
            forged.add(nodeid)
            if seen_by[0].is_direct(nodeid):
                faults.append(f"the code of the test `{nodeid}` did not run to its end, but it was reported as passed")

    def receive_finish():
        finished.append(True)
        check(all_changed, hooks_changed, restored_changed)

    def receive_end(target):
        # pytest has restored its own parts by now.
        check(own_changed, restored_changed)
        if collected and not finished:
            faults.append("pytest did not finish its session")
        steered = any(f.steers for f in suite.facts.values())
        passed = any(n[0] == "report" and n[2:4] == ("call", "passed") for n in notes)
        if passed and not proven and not steered and ended >= collected.keys():
            faults.append("no hidden test that must fail was run")
        target.append((tuple(notes), faults[0] if faults else None, frozenset(forged), dict(skipped)))

    def use_monitoring(name, arguments, target):
        __tracebackhide__ = True
        nonlocal ticket
        if name != "restart_events" and (not arguments or arguments[0] != _PROFILER):
            raise RuntimeError(NO_TRACING)
        if name == "register_callback" and not _is_profilers(arguments[2]):
            raise RuntimeError(NO_TRACING)
        ticket = name == "register_callback"
        target.append(real[name](*arguments))

    def check(*comparisons):
        for changed in comparisons:
            fault = changed()
            if fault:
                faults.append(fault)

    receivers = {
        "code": give_code,
        "module": receive_module,
        "items": receive_items,
        "item": lambda nodeid: notes.append(("item", nodeid)),
        "raised": receive_raised,
        "report": lambda *facts: receive_note("report", *facts),
        "hidden": make_hidden,
        "finish": receive_finish,
        "end": receive_end,
        "monitoring": use_monitoring,
    }
    event_handlers.update({event: refuse_listing for event in _REFUSED_EVENTS})
    event_handlers.update(
        {
            address: receive,
            "sys._getframe": frame_is_read,
            "sys._current_frames": frame_is_read,
            "exec": code_is_executed,
            "object.__getattr__": attribute_is_read,
            "object.__setattr__": attribute_is_set,
            "object.__delattr__": attribute_is_set,
        }
    )
    seen_by: list = []
    watched: set = set()
    sys.addaudithook(watch)
    if monitoring:
        monitoring.use_tool_id(witness.TOOL, "phasegate")
        codes = (known, suite.codes)
        seen_by.append(witness.Witness(suite, genuine, codes, frame_of_caller, faults.append, called_changed))
        seen_by[0].install(real["set_local_events"], real["register_callback"])
    for event in ("sys.settrace", "sys.setprofile", "sys.monitoring.register_callback"):
        event_handlers[event] = refuse_tracing
    _replace_tracing(address)
    return lambda what, *facts: sys.audit(address, what, *facts)


def _replace_tracing(address):
    def refused(function):
        __tracebackhide__ = True
        if function is not None:
            raise RuntimeError(NO_TRACING)

    sys.settrace = sys.setprofile = refused
    for name in ("use_tool_id", "clear_tool_id", "free_tool_id", "register_callback", "set_events", "set_local_events"):
        if hasattr(sys, "monitoring"):
            setattr(sys.monitoring, name, _by_event(address, name))


def _by_event(address, name):
    """Returns a function of `sys.monitoring` that does not refer to the real one."""

    def call(*arguments):
        __tracebackhide__ = True
        target: list = []
        sys.audit(address, "monitoring", name, arguments, target)
        return target[0]

    call.__name__ = call.__qualname__ = name
    return call


def _is_profilers(callback) -> bool:
    """Returns whether this is a callback of `cProfile`, which only counts."""
    if callback is None:
        return True
    import _lsprof

    return type(callback) is types.BuiltinFunctionType and _lsprof.Profiler in type(callback.__self__).__mro__


def _fixed_names(suite):
    """Returns the groups of names of the suite's modules that are bound once."""
    for path, namespaces in suite.namespaces.items():
        for namespace in namespaces:
            held = {n: namespace[n] for n in suite.facts[path].fixed if n in namespace}
            yield namespace, tuple(held), tuple(held.values()), path


def _codes_on_the_stack():
    frame, found = sys._getframe(), {}
    while frame is not None:
        found[ledger.identity(frame.f_code)] = frame.f_code
        frame = frame.f_back
    return found


def _called_by(item):
    called = vars(item).get("_obj")
    return item.obj if called is None else called


def _name_of(function):
    return f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', function)}"

