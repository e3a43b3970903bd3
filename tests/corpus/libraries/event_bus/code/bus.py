"""Events by name. Listeners are held weakly on demand, and may be coroutines."""

import asyncio
import inspect
import weakref
from collections import defaultdict
from contextlib import contextmanager


class StopEvent(Exception):
    pass


class Bus:
    def __init__(self):
        self._listeners = defaultdict(list)

    def on(self, name, listener=None, *, weak=False, priority=0):
        if listener is None:
            return lambda it: self.on(name, it, weak=weak, priority=priority)
        if weak:
            make = weakref.WeakMethod if inspect.ismethod(listener) else weakref.ref
            reference = make(listener, lambda it: self._drop(name, it))
        else:
            reference = lambda: listener  # noqa: E731
        self._listeners[name].append((-priority, len(self._listeners[name]), reference))
        self._listeners[name].sort(key=lambda entry: entry[:2])
        return listener

    def off(self, name, listener):
        kept = [entry for entry in self._listeners[name] if entry[2]() != listener]
        if len(kept) == len(self._listeners[name]):
            raise LookupError(f"{listener!r} does not listen to {name!r}")
        self._listeners[name] = kept

    def _drop(self, name, reference):
        self._listeners[name] = [entry for entry in self._listeners[name] if entry[2] is not reference]

    def listeners(self, name):
        found = [reference() for _, _, reference in self._listeners[name]]
        return [listener for listener in found if listener is not None]

    def emit(self, name, *args, **kwargs):
        results = []
        for listener in self.listeners(name):
            try:
                results.append(listener(*args, **kwargs))
            except StopEvent:
                break
        return results

    async def emit_async(self, name, *args, **kwargs):
        results = self.emit(name, *args, **kwargs)
        return await asyncio.gather(*(it if inspect.isawaitable(it) else _value(it) for it in results))

    @contextmanager
    def listening(self, name, listener):
        self.on(name, listener)
        try:
            yield self
        finally:
            self.off(name, listener)


async def _value(value):
    return value
