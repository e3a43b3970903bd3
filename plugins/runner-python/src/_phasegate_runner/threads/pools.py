"""Makes `multiprocessing.pool.ThreadPool` work: one of its threads waits for a pipe, which becomes a queue."""

import multiprocessing.pool
from collections import deque

from . import forms
from .scheduler import Wait, block, wake


class _Notifier:
    """A queue that `_wait` can wait for. It is its own reading end."""

    def __init__(self):
        self._items: deque = deque()
        self.waits: list[Wait] = []

    @property
    def _reader(self):
        return self

    def put(self, item):
        self._items.append(item)
        for wait in self.waits:
            wake(wait)
        self.waits.clear()

    def get(self):
        return self._items.popleft()

    def empty(self):
        return not self._items


class _Context:
    """The parts of a multiprocessing context that a pool of threads uses."""

    SimpleQueue = _Notifier


def install():
    forms.register(_wait, _wait_steps)
    multiprocessing.pool.ThreadPool.__init__ = _initialize
    multiprocessing.pool.wait = _wait


def _initialize(self, processes=None, initializer=None, initargs=()):
    multiprocessing.pool.Pool.__init__(self, processes, initializer, initargs, context=_Context)


def _wait(notifiers, timeout=None):
    wait = _start(notifiers, timeout)
    if wait is not None:
        block(wait)


def _wait_steps(notifiers, timeout=None):
    wait = _start(notifiers, timeout)
    if wait is not None:
        yield wait


def _start(notifiers, timeout):
    if not all(notifier.empty() for notifier in notifiers):
        return None
    wait = Wait(timeout)
    for notifier in notifiers:
        notifier.waits.append(wait)
    return wait
