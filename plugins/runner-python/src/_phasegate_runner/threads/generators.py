"""Iterators that can block. The coroutine form of a generator function yields an `Item` for what it produces, and the
scheduler's commands as they are.

A coroutine cannot let StopIteration out, so the end of an iterator is the value `Ended`.
"""

from .scheduler import drive, tick


class Steps:
    """The coroutine of one call. A caller that is a coroutine continues it with `yield from`."""

    __slots__ = ("steps",)

    def __init__(self, steps):
        self.steps = steps

    def __iter__(self):
        return self.steps


class Item:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


class Ended:
    __slots__ = ("value",)

    def __init__(self, value=None):
        self.value = value


def given(result):
    """Returns what an iterator produced; raises StopIteration at its end."""
    if result.__class__ is Ended:
        raise StopIteration(result.value)
    return result


class ThreadGenerator:
    """A generator whose function can be suspended. Other code uses it like any generator, and blocks on the stack."""

    def __init__(self, inner):
        self._inner = inner
        self.__name__, self.__qualname__ = inner.__name__, inner.__qualname__

    def __iter__(self):
        return self

    def __next__(self):
        return given(drive(self.resume_steps("send", None)))

    def send(self, value):
        return given(drive(self.resume_steps("send", value)))

    def send_steps(self, value):
        return self.resume_steps("send", value)

    def throw(self, *error):
        return given(drive(self.resume_steps("throw", *error)))

    def throw_steps(self, *error):
        return self.resume_steps("throw", *error)

    def close(self):
        drive(self.close_steps())

    def close_steps(self):
        if self._inner.gi_frame is None:
            return
        try:
            result = yield from self.resume_steps("throw", GeneratorExit())
        except GeneratorExit:
            return
        if result.__class__ is not Ended:
            raise RuntimeError("generator ignored GeneratorExit")

    def next_steps(self):
        return self.resume_steps("send", None)

    def resume_steps(self, method, *arguments):
        resume = getattr(self._inner, method)
        while True:
            try:
                command = resume(*arguments)
            except StopIteration as end:
                return Ended(end.value)
            if command.__class__ is Item:
                return command.value
            try:
                arguments = ((yield command),)
                resume = self._inner.send
            except BaseException as e:
                resume, arguments = self._inner.throw, (e,)


class CallIterator:
    """`iter(function, sentinel)` for a function that can be suspended."""

    def __init__(self, form, sentinel):
        self._form, self._sentinel, self._ended = form, sentinel, False

    def __iter__(self):
        return self

    def __next__(self):
        return given(drive(self.next_steps()))

    def next_steps(self):
        if self._ended:
            return Ended()
        result = self._form()
        if result.__class__ is Steps:
            result = yield from result
        if result == self._sentinel:
            self._ended = True
            return Ended()
        return result


class Turns:
    """An iterator without end. Its loop lets other threads run like a `while` loop does."""

    def __init__(self, iterator):
        self._iterator = iterator

    def next_steps(self):
        if tick():
            yield None
        return next(self._iterator, Ended())


CAN_BLOCK = (ThreadGenerator, CallIterator)


class Advances:
    """Yields one `Steps` per item, without end; the loop that runs them leaves at `Ended`."""

    __slots__ = ("_iterator",)

    def __init__(self, iterator):
        self._iterator = iterator

    def __iter__(self):
        return self

    def __next__(self):
        return Steps(self._iterator.next_steps())


def collect_steps(iterator):
    """Returns the remaining items as a list."""
    items = []
    while True:
        item = yield from iterator.next_steps()
        if item.__class__ is Ended:
            return items
        items.append(item)


def delegate(iterable):
    """Is `yield from iterable` for a generator function in coroutine form."""
    iterator = iter(iterable)
    if iterator.__class__ is ThreadGenerator:
        return (yield from iterator._inner)
    command = "__next__", ()
    while True:
        method, arguments = command
        result = yield from _advance_steps(iterator, method, arguments)
        if result.__class__ is Ended:
            return result.value
        try:
            sent = yield Item(result)
        except GeneratorExit:
            if hasattr(iterator, "close"):
                iterator.close()
            raise
        except BaseException as e:
            if not hasattr(iterator, "throw"):
                raise
            command = "throw", (e,)
        else:
            command = ("__next__", ()) if sent is None else ("send", (sent,))


def _advance_steps(iterator, method, arguments):
    if iterator.__class__ is CallIterator and method == "__next__":
        return (yield from iterator.next_steps())
    try:
        return getattr(iterator, method)(*arguments)
    except StopIteration as end:
        return Ended(end.value)
