"""Runs one test file with pytest, collected from memory.

Reports every test that pytest collects after import. A test that parsing finds and pytest does not has errored, and so
has a file without any test. A syntax error or a failed import of the test file or a conftest.py is a build error.
Code under test and pytest share one interpreter: see `guard` for what tampering is detected.
"""

import importlib
import importlib.util
import os
import random
import sys
import unittest
from pathlib import Path

import _pytest.python
import pytest

from . import captures, denials, eventloop, guard, memory, project, shortcuts, standard_sources, system
from .finder import MemoryFinder
from .hidden import HiddenTests
from .imports import missing_module_hint
from .ini import add_warning_filters, ini_values
from .left_out import has_tests, left_out_reason
from .names import tests_in_file
from .outcome import ALL_OUTPUT_CHARS, OUTPUT_CHARS, Case, Run, bounded
from .prepared import PreparedSession
from .progress import Progress
from .records import Records, take_records
from .reports import Reports, describe_error
from .sources import Sources, join
from .suite import Suite
from .syntax import describe_syntax_error
from .tests_plugin import TestsPlugin
from .threads import install as threads
from .trees import Trees

_prepared: list[tuple[PreparedSession, Records]] = []
_running: list["Bridge"] = []


def prepare():
    """Prepares the next run as far as it does not depend on files. Called when the component is built."""
    memory.start({})
    system.install()
    captures.limit()
    shortcuts.install()
    _pytest.python.import_path = _import_by_bridge
    plugins = [TestsPlugin(), captures.CapturePlugin()]
    session = PreparedSession(project.FOLDER, plugins)
    denials.install()
    threads.install()
    eventloop.install()
    standard_sources.install()
    _prepared.append((session, take_records()))


def _import_by_bridge(path, **_):
    return _running[0].import_file(path)


def run(sources: Sources, path: str) -> Run:
    """Runs the tests of `path` and returns one case per test, or the build errors."""
    if sources.is_code(path):
        return Run(tests=[Case(path, "errored", "the code has a file of this path: give the test file a name `test_*.py`")])
    trees = Trees(sources, generates_code=False)
    # Before the code under test runs: it might change how sources are parsed.
    expected, replaceable = tests_in_file(trees, path)
    errors = sources.framework_errors() or trees.errors([*sources.conftests(path), path])
    if errors:
        return Run(build_errors=errors, tests=_errored_cases(expected))
    if not _prepared:
        prepare()
    session, records = _prepared.pop()
    bridge = Bridge(sources, path, records)
    reason = bridge.run(session)
    errors = bridge.import_errors or bridge.reports.collect_errors
    if errors:
        return Run(build_errors=errors, tests=_errored_cases(expected))
    return Run(tests=_limit_output(bridge.reports.cases(path, expected, replaceable, reason)))


def _errored_cases(expected):
    return [Case(name, "errored", "did not run: the files have build errors") for name in expected]


def _limit_output(cases):
    output_left = messages_left = ALL_OUTPUT_CHARS
    for case in cases:
        if case.message:
            case.message = bounded(case.message, max(200, messages_left))
            messages_left -= len(case.message)
        case.output = bounded(case.output, min(OUTPUT_CHARS, output_left)) if output_left > 0 else ""
        output_left -= len(case.output)
    return cases


class Bridge:
    """A pytest plugin that builds the collection tree from memory."""

    def __init__(self, sources: Sources, path: str, records: Records):
        self.sources, self.path = sources, path
        self.records: Records | None = records
        self.finder = MemoryFinder(sources, path)
        self.reports = Reports(sources.files, Progress())
        self.hidden = HiddenTests(self.reports)
        self.import_errors: list[str] = []
        self.reason: str | None = None

    def run(self, session: PreparedSession) -> str | None:
        """Runs the test file. Returns why tests may be missing, or None."""
        sys.meta_path.insert(0, self.finder)
        random.seed(os.urandom(32))
        memory.start(self.sources.files)
        system.start()
        threads.start(self.sources.files)
        sys.argv = ["pytest"]
        sys.path[:] = [project.absolute(root) for root in self.sources.search_path(self.path)]
        _running.append(self)
        try:
            code = session.run(ini_values(self.sources), self.sources.settings.markers, [self, self.hidden])
            if code in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.INTERNAL_ERROR):
                words = session.usage_error or f"({code.name.lower()})"
                self.reason = self.reason or f"pytest could not start: {words}"
        except BaseException as e:
            self.reason = f"the test run ended early: {type(e).__name__}: {e}"
        return self.reason

    def import_file(self, path):
        relative = project.relative(str(path)) or str(path)
        try:
            return importlib.import_module(self.finder.module_name(relative))
        except BaseException as e:
            # The suite may skip a file, but the code under test may not.
            skips = isinstance(e, (pytest.skip.Exception, pytest.exit.Exception, unittest.SkipTest))
            if skips and not self.sources.is_code(self._place(relative, e)[0]):
                raise
            self.import_errors.append(self._import_error(relative, e))
            raise ImportError(str(e)) from e

    def _import_error(self, path: str, error: BaseException) -> str:
        """Returns `path:line: message` for the innermost line in a supplied file."""
        if isinstance(error, SyntaxError) and project.relative(error.filename or "") in self.sources.files:
            file = project.relative(error.filename)
            return f"{file}:{error.lineno or 1}: {describe_syntax_error(self.sources.files[file], error)}"
        file, line = self._place(path, error)
        return bounded(f"{file}:{line}: while importing: {describe_error(error)}{missing_module_hint(error)}", 2_000)

    def _place(self, path: str, error: BaseException) -> tuple[str, int]:
        """Returns the innermost supplied file, and its line, that raised the error; by default the file at `path`."""
        place = path, 1
        trace = error.__traceback__
        while trace is not None:
            filename = project.relative(trace.tb_frame.f_code.co_filename)
            if filename in self.sources.files:
                place = filename, trace.tb_lineno
            trace = trace.tb_next
        return place

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config):
        captures.receive_descriptors(config)
        sys.meta_path.remove(self.finder)
        sys.meta_path.insert(0, self.finder)
        # pytest has finished replacing parts of itself; no supplied file has been imported yet.
        self.send = guard.install(config.pluginmanager, Suite(self.sources, config), self.records)
        self.records = None
        self.reports.send = self.finder.send = self.hidden.send = self.send
        add_warning_filters(config, self.sources, self.finder.roots)
        for conftest in self.sources.conftests(self.path):
            # Several folders may each have a top-level module `conftest`.
            sys.modules.pop(self.finder.module_name(conftest), None)
            try:
                module = self._import_conftest(conftest)
            except BaseException as e:
                self.import_errors.append(self._import_error(conftest, e))
                raise pytest.UsageError(str(e)) from e
            config.pluginmanager.consider_conftest(module, registration_name=project.absolute(conftest))

    def _import_conftest(self, path: str):
        name = self.finder.module_name(path)
        spec = self.finder.spec_of(name, path)
        if "." in name:
            return importlib.import_module(name)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session):
        items = session.items = []
        items.extend(session.genitems(_Folder.from_parent(session, path=Path(project.FOLDER), bridge=self)))
        session.config.pluginmanager.check_pending()
        session.config.hook.pytest_collection_modifyitems(session=session, config=session.config, items=items)
        session.config.hook.pytest_collection_finish(session=session)
        session.testscollected = len(items)
        return True

    def child_of(self, node):
        """Returns the child of a folder node that leads to the test file."""
        folder = project.relative(str(node.path)) or ""
        inner = self.path[len(folder) + 1 :] if folder else self.path
        first, _, rest = inner.partition("/")
        child = Path(project.absolute(join(folder, first)))
        if not rest:
            return pytest.Module.from_parent(node, path=child)
        kind = _Package if self.sources.is_package(join(folder, first)) else _Folder
        return kind.from_parent(node, path=child, bridge=self)

    def pytest_collectreport(self, report):
        self.reports.collected(report, self.path)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector):
        report = yield
        if type(collector) is pytest.Class and report.passed and not report.result:
            reason = left_out_reason(collector.obj, self.sources)
            if reason and has_tests(collector.obj, self.sources):
                self.reports.left_out[collector.nodeid] = reason
        return report

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session):
        self.send("items", self.path, session.items)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self):
        self.send("finish")

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item):
        """Records what the test raised before another hook can change the report."""
        try:
            result = yield
        except BaseException as e:
            self.reports.raised(item.nodeid, e)
            raise
        for error in getattr(item, "_excinfo", None) or ():
            self.reports.raised(item.nodeid, error.value)
        return result

    def pytest_itemcollected(self, item):
        self.reports.item(item.nodeid)

    def pytest_runtest_logstart(self, nodeid):
        self.reports.started(nodeid)

    def pytest_runtest_logreport(self, report):
        self.reports.add(report)

    def pytest_keyboard_interrupt(self, excinfo):
        self.reason = f"the test run ended early: {describe_error(excinfo.value)}"

    def pytest_internalerror(self, excrepr, excinfo):
        self.reason = f"pytest itself failed: {describe_error(excinfo.value)}"


class _Folder(pytest.Dir):
    @classmethod
    def from_parent(cls, parent, *, path, bridge):
        node = super().from_parent(parent, path=path)
        node.bridge = bridge
        return node

    def collect(self):
        yield self.bridge.child_of(self)


class _Package(pytest.Package):
    @classmethod
    def from_parent(cls, parent, *, path, bridge):
        node = super().from_parent(parent, path=path)
        node.bridge = bridge
        return node

    def collect(self):
        yield self.bridge.child_of(self)
