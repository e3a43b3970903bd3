"""Makes calls that the sandbox does not support fail at once, with a clear message.

This is for readable messages only: the host denies the same calls.
"""

import asyncio.base_events
import concurrent.futures
import os
import posix
import socket

import _socket

from .system.processes import NO_PROCESSES
from .threads.scheduler import is_main, stop

NO_NETWORK = "the network cannot be reached from the test sandbox: replace the call in the test (unittest.mock.patch)"


def install():
    concurrent.futures.ProcessPoolExecutor = _raise_always(RuntimeError, NO_PROCESSES)
    socket.socket.__init__ = _raise_always(PermissionError, NO_NETWORK)
    # `__init__` never ran, so there is nothing to close.
    socket.socket.__del__ = lambda self: None
    # Its numbers are those of Linux, which the system below does not know.
    _socket.socket = _socket.SocketType = _NoSocket
    for name in ("getaddrinfo", "gethostbyname", "create_connection", "create_server", "socketpair"):
        setattr(socket, name, _raise_always(PermissionError, NO_NETWORK))
    for name in ("create_server", "create_datagram_endpoint"):
        setattr(asyncio.base_events.BaseEventLoop, name, _raise_when_awaited(PermissionError, NO_NETWORK))
    os._exit = posix._exit = _exit
    os.abort = posix.abort = _exit


class _NoSocket(_socket.socket):
    def __new__(cls, *args, **kwargs):
        __tracebackhide__ = True
        raise PermissionError(NO_NETWORK)


def _raise_always(kind, message):
    def denied(*args, **kwargs):
        __tracebackhide__ = True
        raise kind(message)

    return denied


def _raise_when_awaited(kind, message):
    async def denied(*args, **kwargs):
        __tracebackhide__ = True
        raise kind(message)

    return denied


def _exit(code=1):
    """Fails the test instead of ending the interpreter, so that the other tests still report."""
    __tracebackhide__ = True
    if not is_main():
        stop(f"os._exit({code}) was called in a thread")
    raise SystemExit(code)
