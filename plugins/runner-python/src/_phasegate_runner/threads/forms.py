"""Chooses what a thread calls: the coroutine form of a function where there is one, else the function itself."""

import builtins
import contextvars
import functools
import inspect
import itertools
import sys
import types

from . import locks, scheduler
from .codes import coroutine_code
from .generators import CAN_BLOCK, Advances, CallIterator, Ended, Item, Steps, ThreadGenerator, Turns
from .generators import collect_steps, delegate, given
from .transform import SUPPORT

# They take all items of an iterator; if that can block, the items are collected first.
_COLLECTORS = {list, tuple, set, frozenset, sum, sorted, max, min, dict}
_ENDLESS = (itertools.count, itertools.cycle, itertools.repeat)
_SEARCHES = {any: True, all: False}


def form(called):
    """Returns a callable with the effect of `called`. Its result is `Steps` if the call can be suspended."""
    kind = type(called)
    if kind is types.FunctionType:
        return _form_of_function(called) or called
    if kind is types.MethodType:
        inner = _form_of_function(called.__func__) if type(called.__func__) is types.FunctionType else None
        return types.MethodType(inner, called.__self__) if inner is not None else called
    if kind is types.BuiltinFunctionType:
        if called is builtins.next or called is builtins.iter:
            return _next if called is builtins.next else _iter
        if called in _COLLECTORS:
            return functools.partial(_collect, called)
        if called in _SEARCHES:
            return functools.partial(_search, called)
        if called.__name__ == "join" and type(called.__self__) is str:
            return functools.partial(_collect, called)
        if called.__name__ == "run" and type(called.__self__) is contextvars.Context:
            return functools.partial(_run_in_context, called.__self__)
        return called
    if isinstance(called, type):
        if called in _COLLECTORS:
            return functools.partial(_collect, called)
        return functools.partial(_lazy, called) if called in _LAZY else _form_of_class(called)
    if kind is functools.partial:
        inner = form(called.func)
        return called if inner is called.func else functools.partial(inner, *called.args, **called.keywords)
    if kind is staticmethod:
        return form(called.__func__)
    call = getattr(kind, "__call__", None)
    inner = _form_of_function(call) if type(call) is types.FunctionType else None
    return types.MethodType(inner, called) if inner is not None else called


def run_steps(called, arguments, named):
    """Is the coroutine of a thread that calls a function."""
    result = form(called)(*arguments, **named)
    if type(result) is Steps:
        yield from result


def _form_of_function(function):
    code = function.__code__
    kept = _kept.get(id(function))
    if kept is not None and kept[0] is function and kept[1] is code:
        return kept[2]
    special = _SPECIAL.get(id(code))
    made = coroutine_code(code) if special is None else None
    if special is not None:
        new = functools.partial(_start, special)
    elif made is None:
        new = None
    else:
        start = _start_generator if code.co_flags & inspect.CO_GENERATOR else _start
        new = functools.partial(start, _copy(function, made))
    if not code.co_freevars:
        _kept[id(function)] = (function, code, new)
    return new


def _copy(function, made):
    """Returns the function with the code of its coroutine form."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
    closure = tuple(cells[name] for name in made.co_freevars)
    new = types.FunctionType(made, function.__globals__, function.__name__, function.__defaults__, closure)
    new.__kwdefaults__ = {**(function.__kwdefaults__ or {}), SUPPORT: Support}
    return new


def _start(function, /, *arguments, **named):
    return Steps(function(*arguments, **named))


def _start_generator(function, /, *arguments, **named):
    return ThreadGenerator(function(*arguments, **named))


# Functions without a closure and their forms; one with a closure may be made any number of times.
_kept: dict[int, tuple] = {}

_SPECIAL = {
    id(function.__code__): steps
    for function, steps in (
        (locks.sleep, locks.sleep_steps),
        (locks.Lock.acquire, locks.Lock.acquire_steps),
        (locks.Lock.__enter__, locks.Lock.acquire_steps),
        (locks.RLock.acquire, locks.RLock.acquire_steps),
        (locks.RLock._acquire_restore, locks.RLock._acquire_restore_steps),
        (locks.Handle.join, locks.Handle.join_steps),
        (ThreadGenerator.send, ThreadGenerator.send_steps),
        (ThreadGenerator.throw, ThreadGenerator.throw_steps),
        (ThreadGenerator.close, ThreadGenerator.close_steps),
        (ThreadGenerator.__next__, ThreadGenerator.next_steps),
    )
}


def register(function, steps):
    """Sets the coroutine form of a function that is not made from its source."""
    _SPECIAL[id(function.__code__)] = steps


def _form_of_class(cls):
    """Returns the form of a class whose instances are made as usual, except that `__init__` can be suspended."""
    init = cls.__init__
    if type(init) is not types.FunctionType or cls.__new__ is not object.__new__:
        return cls
    if type(cls).__call__ is not type.__call__:
        return cls
    new_init = _form_of_function(init)
    return functools.partial(_construct, cls, new_init) if new_init is not None else cls


def _construct(cls, init, /, *arguments, **named):
    def steps():
        instance = object.__new__(cls)
        result = init(instance, *arguments, **named)
        if type(result) is Steps:
            yield from result
        return instance

    return Steps(steps())


def _next(iterator, *default):
    kind = type(iterator)
    if kind in CAN_BLOCK:
        return Steps(_next_steps(iterator, default))
    return next(iterator, *default)


def _next_steps(iterator, default):
    item = yield from iterator.next_steps()
    return default[0] if default and type(item) is Ended else item


def _iter(iterable, *sentinel):
    if sentinel:
        called = form(iterable)
        return CallIterator(called, *sentinel) if called is not iterable else iter(iterable, *sentinel)
    return _own_iterator(iterable) or iter(iterable)


def _own_iterator(iterable):
    """Returns the iterator of a class whose `__iter__` is a generator function that can be suspended, or None."""
    method = getattr(type(iterable), "__iter__", None)
    if type(method) is not types.FunctionType or not method.__code__.co_flags & inspect.CO_GENERATOR:
        return None
    made = _form_of_function(method)
    return made(iterable) if made is not None else None


def _collect(called, *arguments, **named):
    if arguments and type(arguments[0]) in CAN_BLOCK:
        return Steps(_collect_steps(called, *arguments, **named))
    return called(*arguments, **named)


def _collect_steps(called, iterator, *arguments, **named):
    items = yield from collect_steps(iterator)
    return called(items, *arguments, **named)


def _lazy(called, function, /, *iterables):
    inner = form(function) if function is not None else function
    if inner is function:
        return called(function, *iterables)
    return ThreadGenerator(_LAZY[called](inner, *iterables))


def _map_steps(function, *iterables):
    for arguments in zip(*iterables):
        result = function(*arguments)
        yield Item((yield from result) if type(result) is Steps else result)


def _filter_steps(function, iterable):
    for item in iterable:
        result = function(item)
        if (yield from result) if type(result) is Steps else result:
            yield Item(item)


_LAZY = {map: _map_steps, filter: _filter_steps}


def each(iterable, is_single, test, make):
    """Yields the items of a comprehension. `test` and `make` are coroutines of its condition and its item."""
    for item in Support.iterate(iterable):
        if type(item) is Steps:
            item = yield from item
            if type(item) is Ended:
                return
        arguments = (item,) if is_single else item
        if (yield from test(*arguments)):
            yield Item((yield from make(*arguments)))


def _search(called, iterable, /):
    if type(iterable) in CAN_BLOCK:
        return Steps(_search_steps(iterable, _SEARCHES[called]))
    return called(iterable)


def _search_steps(iterator, wanted):
    while True:
        item = yield from iterator.next_steps()
        if type(item) is Ended:
            return not wanted
        if bool(item) is wanted:
            return wanted


def _run_in_context(context, called, /, *arguments, **named):
    return Steps(_run_in_context_steps(context, called, arguments, named))


def _run_in_context_steps(context, called, arguments, named):
    task = scheduler.current()
    if task.is_lazy:
        # What the thread runs can only block on the stack: the thread that started it goes on first.
        task.is_lazy = False
        yield None
    inner = form(called)
    if inner is called:
        return context.run(called, *arguments, **named)
    outside = yield scheduler.Enter(context)
    try:
        result = inner(*arguments, **named)
        if type(result) is Steps:
            result = yield from result
    except GeneratorExit:
        raise
    except BaseException:
        yield scheduler.Enter(outside)
        raise
    yield scheduler.Enter(outside)
    return result


class Support:
    """What rewritten functions call."""

    type, set, dict = type, set, dict
    collect_steps, each = staticmethod(collect_steps), staticmethod(each)
    Steps, Item, Ended = Steps, Item, Ended
    form, given, delegate = staticmethod(form), staticmethod(given), staticmethod(delegate)
    tick = staticmethod(scheduler.tick)
    generator, iterator = ThreadGenerator, staticmethod(_iter)

    @staticmethod
    def iterate(iterable):
        if type(iterable) in CAN_BLOCK:
            return Advances(iterable)
        if type(iterable) in _ENDLESS:
            return Advances(Turns(iterable))
        own = _own_iterator(iterable)
        return Advances(own) if own is not None else iterable

    @staticmethod
    def enter(manager):
        if type(manager) is locks.Lock and not manager.locked():
            return manager.acquire()
        return form(_bound(manager, "__enter__"))()

    @staticmethod
    def leaving(manager):
        if not hasattr(type(manager), "__enter__"):
            raise TypeError(f"'{type(manager).__name__}' object does not support the context manager protocol")
        return _bound(manager, "__exit__")

    @staticmethod
    def leave(leave):
        return form(leave)(None, None, None)

    @staticmethod
    def leave_failed(leave):
        return form(leave)(*sys.exc_info())


def _bound(manager, name: str):
    """Returns a special method as `with` looks it up: on the class, then bound."""
    for cls in type(manager).__mro__:
        if name in vars(cls):
            found = vars(cls)[name]
            return found.__get__(manager, type(manager)) if hasattr(type(found), "__get__") else found
    kind = type(manager).__name__
    raise TypeError(f"'{kind}' object does not support the context manager protocol (missed {name} method)")
