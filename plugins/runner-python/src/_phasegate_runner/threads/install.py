"""Puts the scheduler below the standard library. `threading`, `queue` and `concurrent.futures` stay as they are; what
they are made of is replaced: locks, the start of a thread, its identity, sleeping.
"""

import _queue
import _thread
import concurrent.futures
import functools
import multiprocessing.dummy
import queue
import sys
import threading
import time

import _threading_local

from ..builtin import as_builtin
from . import files, locks, pools, scheduler
from .codes import find_library, prepare_library
from .forms import form, run_steps

_stack_size = 0


def install():
    """Replaces the parts."""
    find_library()
    scheduler.adopt_main(threading.main_thread().ident)
    _install_locks()
    _install_starts()
    _install_identity()
    _install_polls()
    pools.install()
    time.sleep = as_builtin(locks.sleep)
    threading.local = _thread._local = _threading_local.local
    # The C implementation would block in C.
    _queue.SimpleQueue = queue.SimpleQueue = queue._PySimpleQueue


def start(supplied: dict[str, str]):
    """Begins a call with these files, whose functions can be suspended, by relative path."""
    files.hold(supplied)


def prepare():
    """Replaces the locks that modules of the standard library hold, and makes what threads need of them."""
    for module in list(sys.modules.values()):
        for owner in [module, *(v for v in vars(module).values() if _is_class_of(v, module))]:
            for name, value in list(vars(owner).items()):
                if type(value) is _INTERPRETER_LOCK:
                    setattr(owner, name, locks.Lock())
    prepare_library()


def _is_class_of(value, module) -> bool:
    return isinstance(value, type) and value.__module__ == module.__name__ and value.__flags__ & _IS_HEAP_TYPE


# A class that is made by Python code, so that its attributes can be set.
_IS_HEAP_TYPE = 1 << 9
_INTERPRETER_LOCK = type(_thread.allocate_lock())


def _install_locks():
    for name in ("allocate_lock", "allocate", "lock", "LockType"):
        setattr(_thread, name, locks.Lock)
    _thread.RLock = threading.RLock = threading._RLock = threading._CRLock = threading._PyRLock = locks.RLock
    threading.Lock = threading._allocate_lock = threading._LockType = locks.Lock
    multiprocessing.dummy.Lock, multiprocessing.dummy.RLock = locks.Lock, locks.RLock
    threading._active_limbo_lock = locks.RLock()


def _install_starts():
    _thread.start_new_thread = _thread.start_new = threading._start_new_thread = _start_new_thread
    _thread.start_joinable_thread = threading._start_joinable_thread = _start_joinable_thread
    _thread._ThreadHandle = threading._ThreadHandle = locks.Handle
    threading._set_sentinel = _set_sentinel
    main = locks.Handle()
    main.ident = threading.main_thread().ident
    threading.main_thread()._handle = main


def _install_identity():
    _thread.get_ident = threading.get_ident = scheduler.get_ident
    _thread.get_native_id = threading.get_native_id = scheduler.get_ident
    threading.Thread.native_id = property(lambda self: self.ident)
    threading.stack_size = _thread.stack_size = _set_stack_size


def _install_polls():
    """Lets other threads go on while a loop of the main thread asks for their state and never waits."""
    for owner, names in (
        (threading.Thread, ("is_alive",)),
        (threading.Event, ("is_set", "isSet")),
        (concurrent.futures.Future, ("done", "running")),
        (queue.Queue, ("empty", "qsize", "full")),
    ):
        for name in names:
            setattr(owner, name, _polling(getattr(owner, name)))


def _polling(method):
    @functools.wraps(method)
    def polled(self):
        scheduler.poll()
        return method(self)

    return polled


def _start_joinable_thread(function, handle=None, daemon=True):
    handle = locks.Handle() if handle is None else handle
    _start(function, (), {}, handle)
    return handle


def _start_new_thread(function, arguments, named=None, /):
    if not callable(function) or not isinstance(arguments, tuple):
        raise TypeError("first arg must be callable" if not callable(function) else "2nd arg must be a tuple")
    return _start(function, arguments, named or {}, locks.Handle())


def _start(function, arguments, named, handle) -> int:
    """Starts a thread and returns its identity."""
    task = scheduler.start(lambda task: _thread_steps(function, arguments, named, handle))
    handle.ident = task.ident
    thread = getattr(function, "__self__", None)
    if isinstance(thread, threading.Thread):
        task.name = lambda: thread.name
        target = getattr(thread, "_target", None)
        task.is_lazy = target is not None and form(target) is target
    return task.ident


def _thread_steps(function, arguments, named, handle):
    try:
        yield from run_steps(function, arguments, named)
    except (SystemExit, scheduler.ThreadStopped, GeneratorExit):
        pass
    except BaseException as e:
        threading.excepthook(threading.ExceptHookArgs((type(e), e, e.__traceback__, None)))
    finally:
        handle._set_done()
        sentinel = _sentinels.pop(scheduler.get_ident(), None)
        if sentinel is not None:
            sentinel.release()


# Before Python 3.13 a thread's end is a lock that the interpreter releases.
_sentinels: dict = {}


def _set_sentinel():
    sentinel = _sentinels[scheduler.get_ident()] = locks.Lock()
    return sentinel


def _set_stack_size(size=0, /):
    global _stack_size
    before, _stack_size = _stack_size, size
    return before


def finish_stage() -> str | None:
    """Lets the threads that a stage of a test leaves behind run once. Returns why the stage fails, if it does."""
    scheduler.pause()
    faults = scheduler.take_faults()
    return faults[0] if faults else None
