"""The operations that block: locks, the end of a thread, and sleeping.

Each has a coroutine form, named `…_steps`, that yields a `Wait`. The ordinary form blocks on the stack.
"""

import time
from collections import deque

from ..system.signals import sleep as _sleep
from .scheduler import Wait, block, drive, get_ident, is_alone, poll, wake

# A thread that waited this long gets the lock before the thread that releases it can take it again.
_FAIR_AFTER_SECONDS = 0.001
_monotonic = time.monotonic


class Lock:
    __slots__ = ("__weakref__", "_held", "_waits")

    def __init__(self):
        self._held = False
        self._waits = None

    def acquire(self, blocking=True, timeout=-1):
        __tracebackhide__ = True
        if timeout == -1 and not self._held:
            self._held = True
            return True
        return drive(self.acquire_steps(blocking, timeout))

    def acquire_steps(self, blocking=True, timeout=-1):
        __tracebackhide__ = True
        limit = _checked_timeout(blocking, timeout)
        while self._held:
            if not blocking:
                poll()
                return False
            wait = Wait(limit and max(limit - _monotonic(), 0))
            if self._waits is None:
                self._waits = deque()
            self._waits.append(wait)
            try:
                woken = yield wait
            except BaseException:
                self._forget(wait)
                raise
            if not woken:
                self._waits.remove(wait)
                return False
            if wait.deadline == _HANDED_OVER:
                return True
        self._held = True
        return True

    def _forget(self, wait):
        if wait in self._waits:
            self._waits.remove(wait)
        elif wait.deadline == _HANDED_OVER:
            self.release()
        elif wait.woken and not self._held:
            self._wake_next()

    def release(self):
        if not self._held:
            raise RuntimeError("release unlocked lock")
        self._held = False
        if self._waits:
            self._wake_next()

    def _wake_next(self):
        if not self._waits:
            return
        wait = self._waits.popleft()
        if _monotonic() - wait.since >= _FAIR_AFTER_SECONDS:
            wait.deadline = _HANDED_OVER
            self._held = True
        wake(wait)

    def locked(self):
        return self._held

    def __enter__(self):
        __tracebackhide__ = True
        if not self._held:
            self._held = True
            return True
        return drive(self.acquire_steps())

    def __exit__(self, *_):
        self.release()

    acquire_lock, release_lock, locked_lock = acquire, release, locked

    def _at_fork_reinit(self):
        self._held, self._waits = False, None

    def __repr__(self):
        return f"<{'locked' if self._held else 'unlocked'} _thread.lock object at {id(self):#x}>"


# The deadline of a wait whose thread owns the lock already.
_HANDED_OVER = -1.0


def _checked_timeout(blocking, timeout):
    """Returns the deadline on the monotonic clock, or None."""
    if timeout == -1:
        return None
    if not blocking:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout < 0:
        raise ValueError("timeout value must be a non-negative number")
    return _monotonic() + timeout


class RLock:
    __slots__ = ("__weakref__", "_count", "_lock", "_owner")

    def __init__(self):
        self._lock, self._owner, self._count = Lock(), None, 0

    def acquire(self, blocking=True, timeout=-1):
        __tracebackhide__ = True
        if self._owner == get_ident():
            self._count += 1
            return True
        if not self._lock.acquire(blocking, timeout):
            return False
        self._owner, self._count = get_ident(), 1
        return True

    def acquire_steps(self, blocking=True, timeout=-1):
        __tracebackhide__ = True
        if self._owner == get_ident():
            self._count += 1
            return True
        if not (yield from self._lock.acquire_steps(blocking, timeout)):
            return False
        self._owner, self._count = get_ident(), 1
        return True

    __enter__ = acquire

    def release(self):
        if self._owner != get_ident():
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if not self._count:
            self._owner = None
            self._lock.release()

    def __exit__(self, *_):
        self.release()

    def locked(self):
        return self._lock.locked()

    def _is_owned(self):
        return self._owner == get_ident()

    def _recursion_count(self):
        return self._count if self._is_owned() else 0

    def _release_save(self):
        if not self._is_owned():
            raise RuntimeError("cannot release un-acquired lock")
        state = self._count, self._owner
        self._count, self._owner = 0, None
        self._lock.release()
        return state

    def _acquire_restore(self, state):
        self._lock.acquire()
        self._count, self._owner = state

    def _acquire_restore_steps(self, state):
        yield from self._lock.acquire_steps()
        self._count, self._owner = state

    def _at_fork_reinit(self):
        self.__init__()

    def __repr__(self):
        held = "locked" if self._count else "unlocked"
        return f"<{held} _thread.RLock object owner={self._owner or 0} count={self._count} at {id(self):#x}>"


class Handle:
    """The end of a thread, as `_thread._ThreadHandle`."""

    def __init__(self):
        self.ident = None
        self._done = False
        self._waits: list = []

    def is_done(self):
        return self._done

    def _set_done(self):
        self._done = True
        for wait in self._waits:
            wake(wait)
        self._waits.clear()

    def join(self, timeout=None):
        __tracebackhide__ = True
        if not self._done:
            drive(self.join_steps(timeout))

    def join_steps(self, timeout=None):
        __tracebackhide__ = True
        if self._done:
            return
        if self.ident == get_ident():
            raise RuntimeError("Cannot join current thread")
        wait = Wait(None if timeout is None or timeout < 0 else timeout)
        self._waits.append(wait)
        yield wait


def sleep(seconds, /):
    __tracebackhide__ = True
    if is_alone() or not _is_positive(seconds):
        return _sleep(seconds)
    block(Wait(seconds))


def sleep_steps(seconds, /):
    if seconds < 0:
        _sleep(seconds)
    yield Wait(seconds)


def _is_positive(seconds) -> bool:
    return isinstance(seconds, (int, float)) and seconds >= 0
