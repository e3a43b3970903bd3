"""Makes what the sandbox lacks fail at once, in words. The host denies it as well: these are for the reader, not the wall."""

import concurrent.futures
import os
import posix
import socket
import subprocess
import threading

NO_THREADS = "threads cannot be started in the test sandbox: use asyncio, or call the function directly"
NO_PROCESSES = "processes cannot be started in the test sandbox: replace the call in the test (unittest.mock.patch)"
NO_NETWORK = "the network cannot be reached from the test sandbox: replace the call in the test (unittest.mock.patch)"


def install():
    threading.Thread.start = _refuse(RuntimeError, NO_THREADS)
    concurrent.futures.ThreadPoolExecutor.submit = _refuse(RuntimeError, NO_THREADS)
    concurrent.futures.ProcessPoolExecutor = _refuse(RuntimeError, NO_PROCESSES)
    subprocess.Popen.__init__ = _refuse(OSError, NO_PROCESSES)
    os.system = _refuse(OSError, NO_PROCESSES)
    os.popen = _refuse(OSError, NO_PROCESSES)
    socket.socket.__init__ = _refuse(PermissionError, NO_NETWORK)
    # A socket that was never opened has nothing to close.
    socket.socket.__del__ = lambda self: None
    for name in ("getaddrinfo", "gethostbyname", "create_connection", "create_server", "socketpair"):
        setattr(socket, name, _refuse(PermissionError, NO_NETWORK))
    os._exit = posix._exit = _exit
    os.abort = posix.abort = _exit


def _refuse(kind, words):
    def refused(*args, **kwargs):
        __tracebackhide__ = True
        raise kind(words)

    return refused


def _exit(code=1):
    """Ends the test as failed instead of the interpreter, so that the other tests still report."""
    __tracebackhide__ = True
    raise SystemExit(code)
