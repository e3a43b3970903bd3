"""What tests write: the limit of captured output, and output that bypasses `sys.stdout`.

pytest captures `sys.stdout` and `sys.stderr` only. What is written to descriptor 1 or 2 goes to the same place, or to
the fixture `capfd` while a test uses it.
"""

import pytest
from _pytest.capture import CaptureFixture, CaptureIO, SysCapture, SysCaptureBinary

from .memory import console

_MOST_CHARS = 1_000_000
_NUMBERS = {"out": 1, "err": 2}


def limit():
    """Keeps what a test prints up to `_MOST_CHARS`; drops the rest, but reports it as written."""
    real_write, real_truncate = CaptureIO.write, CaptureIO.truncate

    def write(self, text):
        written = getattr(self, "_written", 0)
        self._written = written + len(text)
        if written < _MOST_CHARS:
            real_write(self, text[: _MOST_CHARS - written])
        return len(text)

    def truncate(self, *position):
        self._written = 0
        return real_truncate(self, *position)

    CaptureIO.write = write
    CaptureIO.truncate = truncate


def receive_descriptors(config):
    """Sends what is written to descriptors to pytest's captured output from now on."""
    _connect(config.pluginmanager.getplugin("capturemanager")._global_capturing)


def _connect(capturing):
    """Connects both descriptors to a capture. Returns a function that ends this."""
    receivers = {number: _receiver(getattr(capturing, name).tmpfile, number) for name, number in _NUMBERS.items()}
    for number, receiver in receivers.items():
        console.send_to(number, receiver)

    def disconnect():
        for number, receiver in receivers.items():
            console.stop_sending(number, receiver)

    return disconnect


def _receiver(stream, number: int):
    stream.fileno = lambda: number
    return lambda data: _write_bytes(stream, data)


class _DescriptorFixture(CaptureFixture):
    """What `capfd` gives to a test. pytest starts it anew for each stage of the test."""

    _disconnect = None

    def _start(self):
        starts = self._capture is None
        super()._start()
        if starts:
            self._disconnect = _connect(self._capture)

    def close(self):
        if self._disconnect is not None:
            self._disconnect()
            self._disconnect = None
        super().close()


def _write_bytes(stream, data: bytes):
    written = getattr(stream, "_written", 0)
    stream._written = written + len(data)
    stream.flush()
    stream.buffer.write(data[: max(0, _MOST_CHARS - written)])


class CapturePlugin:
    """Replaces the fixtures that need real descriptors."""

    @pytest.fixture
    def capfd(self, request):
        yield from _capture(request, SysCapture)

    @pytest.fixture
    def capfdbinary(self, request):
        yield from _capture(request, SysCaptureBinary)


def _capture(request, kind):
    manager = request.config.pluginmanager.getplugin("capturemanager")
    fixture = _DescriptorFixture(kind, request, _ispytest=True)
    manager.set_fixture(fixture)
    fixture._start()
    yield fixture
    fixture.close()
    manager.unset_fixture()
