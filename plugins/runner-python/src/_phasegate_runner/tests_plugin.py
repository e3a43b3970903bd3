"""What tests may use beside pytest's own: `async def` tests, and `capfd` without file descriptors."""

import asyncio
import inspect
import unittest

import pytest
from _pytest.capture import CaptureFixture, SysCapture


def _call(case, method):
    """A coroutine that nobody awaits is no passed test."""
    result = method()
    if inspect.iscoroutine(result) or inspect.isasyncgen(result):
        if inspect.iscoroutine(result):
            result.close()
        raise TypeError("`async def` tests need unittest.IsolatedAsyncioTestCase")


class TestsPlugin:
    def pytest_configure(self, config):
        config.addinivalue_line("markers", "asyncio: the test is a coroutine (all are run by asyncio.run)")
        unittest.TestCase._callTestMethod = _call

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem):
        if not inspect.iscoroutinefunction(pyfuncitem.obj):
            return None
        arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
        ended = []

        async def whole():
            await pyfuncitem.obj(**arguments)
            ended.append(True)

        asyncio.run(whole())
        if not ended:
            raise RuntimeError("the coroutine did not run to its end: was asyncio replaced?")
        return True

    @pytest.fixture
    def capfd(self, request):
        manager = request.config.pluginmanager.getplugin("capturemanager")
        capture = CaptureFixture(SysCapture, request, _ispytest=True)
        manager.set_fixture(capture)
        capture._start()
        yield capture
        capture.close()
        manager.unset_fixture()
