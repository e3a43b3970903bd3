"""Locks for a single thread. A wait without a timeout raises RuntimeError, because no other thread can end it; the
component would trap otherwise.

A wait with a timeout sleeps for that time on the virtual clock and then fails.
"""

import _queue
import queue
import threading
import time

DEADLOCK = "deadlock: there are no threads in the test sandbox, so nobody can end this wait"


class Lock:
    def __init__(self):
        self._held = False

    def acquire(self, blocking=True, timeout=-1):
        if timeout != -1 and (not blocking or timeout < 0):
            raise ValueError("a timeout needs a blocking call and may not be negative")
        if self._held:
            return _wait_until_timeout(timeout) if blocking else False
        self._held = True
        return True

    def release(self):
        if not self._held:
            raise RuntimeError("release unlocked lock")
        self._held = False

    def locked(self):
        return self._held

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *_):
        self.release()


def install():
    threading.Lock = Lock
    threading.Condition.wait = _wait
    # The C implementation would block in C.
    _queue.SimpleQueue = queue.SimpleQueue = queue._PySimpleQueue
    semaphore = threading.Semaphore.acquire

    def acquire(self, blocking=True, timeout=None):
        if blocking and timeout is None and self._value == 0:
            raise RuntimeError(DEADLOCK)
        return semaphore(self, blocking, timeout)

    threading.Semaphore.acquire = threading.Semaphore.__enter__ = acquire


def _wait(self, timeout=None):
    if not self._is_owned():
        raise RuntimeError("cannot wait on un-acquired lock")
    return _wait_until_timeout(-1 if timeout is None else timeout)


def _wait_until_timeout(timeout):
    if timeout < 0:
        raise RuntimeError(DEADLOCK)
    time.sleep(timeout)
    return False
