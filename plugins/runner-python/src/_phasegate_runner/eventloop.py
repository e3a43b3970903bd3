"""An asyncio event loop without sockets. While nothing is due, the other threads run; they may wake it.

Waiting when nothing is scheduled and no other thread can go on is an error.
"""

import asyncio
import asyncio.events
import asyncio.unix_events

from .system.loopsignals import SignalHandlers
from .threads import forms
from .threads.scheduler import Wait, block, wake


_ABOUT = "runs an event loop in which every task waits and nothing is scheduled"


class _NoSelector:
    def __init__(self):
        self._wait: Wait | None = None
        self._is_woken = False

    def select(self, timeout=None):
        wait = self._start(timeout)
        if wait is not None:
            block(wait)
        return self._end()

    def select_steps(self, timeout=None):
        wait = self._start(timeout)
        if wait is not None:
            yield wait
        return self._end()

    def _start(self, timeout):
        if self._is_woken or (timeout is not None and timeout <= 0):
            return None
        self._wait = Wait(timeout, _ABOUT)
        return self._wait

    def _end(self):
        self._wait, self._is_woken = None, False
        return []

    def wake(self):
        self._is_woken = True
        if self._wait is not None:
            wake(self._wait)

    def close(self):
        pass


class MemoryLoop(SignalHandlers, asyncio.BaseEventLoop):
    def __init__(self):
        super().__init__()
        self._selector = _NoSelector()

    def _process_events(self, event_list):
        pass

    def _write_to_self(self):
        self._selector.wake()


def install():
    forms.register(_NoSelector.select, _NoSelector.select_steps)
    asyncio.unix_events._UnixDefaultEventLoopPolicy._loop_factory = MemoryLoop
    asyncio.SelectorEventLoop = MemoryLoop
    asyncio.EventLoop = MemoryLoop
