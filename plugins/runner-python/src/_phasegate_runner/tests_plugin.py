"""What tests may use beside pytest's own: `async def` tests, and `capfd` without file descriptors."""

import asyncio
import inspect

import pytest
from _pytest.capture import CaptureFixture, SysCapture


class TestsPlugin:
    def pytest_configure(self, config):
        config.addinivalue_line("markers", "asyncio: the test is a coroutine (all are run by asyncio.run)")

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem):
        if not inspect.iscoroutinefunction(pyfuncitem.obj):
            return None
        arguments = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
        asyncio.run(pyfuncitem.obj(**arguments))
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
