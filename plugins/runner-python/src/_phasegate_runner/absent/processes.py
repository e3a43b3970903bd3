"""What `multiprocessing` needs of its module written in C. There is one process, so a semaphore is a counter."""

import contextlib
import importlib
import sys
import threading

from .calls import note


def multiprocessing(names):
    names["SemLock"] = SemLock
    names["sem_unlink"] = lambda name: None


def refuse_to_start():
    """Refuses a process by words, and the process that would clean up after all others."""

    def start(self):
        __tracebackhide__ = True
        # Imports modules that must see the missing ones, so not above.
        from ..system.processes import NO_PROCESSES

        note("multiprocessing.Process.start")
        raise OSError(NO_PROCESSES)

    sys.modules["multiprocessing.process"].BaseProcess.start = start
    # Imported only now: it needs names that `posix` lacked before.
    with contextlib.suppress(ImportError):
        tracker = importlib.import_module("multiprocessing.resource_tracker")
        tracker.register = tracker.unregister = tracker.ensure_running = lambda *args: None


class SemLock:
    """A semaphore of a single process. A wait that nobody can end is judged by `threading.Condition`."""

    SEM_VALUE_MAX = 2147483647
    _RECURSIVE = 0

    def __init__(self, kind, value, maxvalue, name, unlink):
        self.kind, self.maxvalue, self.name, self.handle = kind, maxvalue, name, id(self)
        self._value, self._owned, self._owner = value, 0, None
        self._changed = threading.Condition(threading.Lock())

    @classmethod
    def _rebuild(cls, handle, kind, maxvalue, name):
        return cls(kind, maxvalue, maxvalue, name, False)

    def acquire(self, block=True, timeout=None):
        me = threading.get_ident()
        if self.kind == self._RECURSIVE and self._owned and self._owner == me:
            self._owned += 1
            return True
        with self._changed:
            if self._value == 0:
                if not block or not self._changed.wait_for(lambda: self._value > 0, timeout):
                    return False
            self._value -= 1
        self._owned, self._owner = self._owned + 1, me
        return True

    def release(self):
        if self.kind == self._RECURSIVE:
            if not self._owned or self._owner != threading.get_ident():
                raise AssertionError("attempt to release recursive lock not owned by thread")
            if self._owned > 1:
                self._owned -= 1
                return
        elif self._value >= self.maxvalue:
            raise ValueError("semaphore or lock released too many times")
        with self._changed:
            self._value += 1
            self._owned -= 1
            self._changed.notify()

    def _count(self):
        return self._owned

    def _is_mine(self):
        return self._owned > 0 and self._owner == threading.get_ident()

    def _get_value(self):
        return self._value

    def _is_zero(self):
        return self._value == 0

    def _after_fork(self):
        self._owned = 0

    def __enter__(self):
        self.acquire()
        return self

    def __exit__(self, *_):
        self.release()
