"""Additions to pytest: `async def` tests, and fixtures of plugins that do not run here."""

import asyncio
import inspect
import unittest

import pytest

from .absent import calls
from .differences import Differences
from .hidden import HiddenTest
from .threads import install as threads


def _call_method(case, method):
    """Calls a unittest method; raises TypeError if it returns a coroutine, which would never run."""
    result = method()
    if inspect.iscoroutine(result) or inspect.isasyncgen(result):
        if inspect.iscoroutine(result):
            result.close()
        raise TypeError("`async def` tests need unittest.IsolatedAsyncioTestCase")


def _with_threads():
    """Fails this stage of a test for what happened in its threads: a deadlock, or the end of the process."""
    try:
        result = yield
    finally:
        fault = threads.finish_stage()
    if fault is not None:
        raise RuntimeError(fault)
    return result


class TestsPlugin:
    def __init__(self):
        self._differences = Differences()

    def pytest_configure(self, config):
        config.addinivalue_line("markers", "asyncio: the test is a coroutine (all are run by asyncio.run)")
        unittest.TestCase._callTestMethod = _call_method
        # Forget what pytest itself tried to call.
        calls.forget()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item):
        self._differences.begin()
        return (yield from _with_threads())

    def pytest_runtest_logfinish(self, nodeid):
        # What was refused while the file was imported belongs to its first test.
        calls.forget()

    def pytest_assertrepr_compare(self, op, left, right):
        self._differences.compare(op, left, right)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        # Nobody reads why a hidden test fails.
        if report.failed and call.excinfo is not None and not isinstance(item, HiddenTest):
            report.phasegate_note = self._differences.note(call.excinfo)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        return (yield from _with_threads())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item):
        return (yield from _with_threads())

    @pytest.fixture
    def record_property(self, request):
        """Adds a property to the test, as pytest does for its XML report, which is not written here."""
        return lambda name, value: request.node.user_properties.append((name, value))

    @pytest.fixture
    def record_xml_attribute(self):
        return lambda name, value: None

    @pytest.fixture(scope="session")
    def record_testsuite_property(self):
        return lambda name, value: None

    @pytest.fixture(scope="session")
    def doctest_namespace(self):
        return {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem):
        if not inspect.iscoroutinefunction(pyfuncitem.obj):
            return None
        arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
        finished = []

        async def call():
            await pyfuncitem.obj(**arguments)
            finished.append(True)

        asyncio.run(call())
        if not finished:
            raise RuntimeError("the coroutine did not run to its end: was asyncio replaced?")
        return True
