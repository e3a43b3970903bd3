"""An asyncio event loop without sockets. Nothing outside can wake it, so waiting with nothing scheduled is an error.

Sleeping uses `time.sleep`, which returns at once where the host's clock is virtual.
"""

import asyncio
import asyncio.events
import asyncio.unix_events
import time


class _NoSelector:
    def __init__(self, loop):
        self._loop = loop

    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError("deadlock: every task waits and nothing is scheduled that could wake one")
        if timeout > 0:
            time.sleep(timeout)
        return []

    def close(self):
        pass


class MemoryLoop(asyncio.BaseEventLoop):
    def __init__(self):
        super().__init__()
        self._selector = _NoSelector(self)

    def _process_events(self, event_list):
        pass

    def _write_to_self(self):
        pass

    def run_in_executor(self, executor, func, *args):
        """Runs the function at once, because there are no threads."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as e:
            future.set_exception(e)
        return future


def install():
    asyncio.unix_events._UnixDefaultEventLoopPolicy._loop_factory = MemoryLoop
    asyncio.SelectorEventLoop = MemoryLoop
    asyncio.EventLoop = MemoryLoop
