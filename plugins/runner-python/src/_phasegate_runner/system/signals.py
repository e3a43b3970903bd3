"""Signals that the process sends to itself, and timers on the virtual clock.

A handler runs at once, in the call that sends the signal. A timer fires when the program sleeps or waits: code that
computes without sleeping is not interrupted. A signal whose default action would end the process raises `Killed`.
"""

import enum
import errno
import signal
import sys
import time

from ..builtin import as_builtin
from ..memory.errors import os_error

__tracebackhide__ = True

WAITS_FOREVER = "deadlock: this waits for a signal, and no timer is set that could send one"

_real_sleep, _monotonic = time.sleep, time.monotonic
_LAST = 64
_UNCATCHABLE = {9, 19}
_IGNORED = {"SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH"}
_TIMER_SIGNALS = {0: "SIGALRM", 1: "SIGVTALRM", 2: "SIGPROF"}

_handlers: dict[int, object] = {}
_blocked: set[int] = set()
_pending: set[int] = set()
# Per kind of timer: when it is due on the monotonic clock, and the interval after which it repeats (0: never).
_timers: dict[int, tuple[float, float]] = {}


class Killed(BaseException):
    """The process would have ended."""


class Sigmasks(enum.IntEnum):
    SIG_BLOCK = 0
    SIG_UNBLOCK = 1
    SIG_SETMASK = 2


class ITimers(enum.IntEnum):
    ITIMER_REAL = 0
    ITIMER_VIRTUAL = 1
    ITIMER_PROF = 2


def reset():
    for held in (_handlers, _blocked, _pending, _timers):
        held.clear()


def set_handler(signalnum, handler, /):
    """Replaces `signal.signal`."""
    number = _checked(signalnum)
    if not callable(handler) and handler not in (signal.SIG_DFL, signal.SIG_IGN):
        raise TypeError("signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object")
    if number in _UNCATCHABLE:
        raise os_error(errno.EINVAL)
    before = getsignal(number)
    _handlers[number] = _as_handler(handler)
    return before


def getsignal(signalnum, /):
    return _handlers.get(_checked(signalnum), signal.SIG_DFL)


def raise_signal(signalnum, /):
    number = _checked(signalnum)
    if number in _blocked and number not in _UNCATCHABLE:
        _pending.add(number)
    else:
        _deliver(number)


def pthread_kill(thread_id, signalnum, /):
    if signalnum:
        raise_signal(signalnum)


def pthread_sigmask(how, mask, /):
    before = {_named(n) for n in _blocked}
    numbers = {_checked(n) for n in mask}
    if how not in (0, 1, 2):
        raise os_error(errno.EINVAL)
    _blocked.difference_update(numbers if how == 1 else _blocked if how == 2 else ())
    _blocked.update(numbers if how != 1 else ())
    for number in sorted(_pending - _blocked):
        _pending.discard(number)
        _deliver(number)
    return before


def sigpending():
    return {_named(n) for n in _pending}


def sigwait(sigset, /):
    wanted = {_checked(n) for n in sigset}
    while True:
        for number in sorted(wanted & _pending):
            _pending.discard(number)
            return _named(number)
        if not _timers:
            raise RuntimeError(WAITS_FOREVER)
        _fire_next()


def pause():
    if not _timers:
        raise RuntimeError(WAITS_FOREVER)
    _fire_next()


def alarm(seconds, /):
    before, _ = setitimer(0, float(seconds))
    return -int(-before // 1)


def setitimer(which, seconds, interval=0.0, /):
    before = getitimer(which)
    if seconds < 0 or interval < 0:
        raise os_error(errno.EINVAL)
    if seconds > 0:
        _timers[int(which)] = (_monotonic() + seconds, interval)
    else:
        _timers.pop(int(which), None)
    return before


def getitimer(which, /):
    if which not in _TIMER_SIGNALS:
        raise os_error(errno.EINVAL)
    due, interval = _timers.get(int(which), (None, 0.0))
    return (max(due - _monotonic(), 1e-6), interval) if due is not None else (0.0, 0.0)


def siginterrupt(signalnum, flag, /):
    _checked(signalnum)


def set_wakeup_fd(fd, /, *, warn_on_full_buffer=True):
    return -1


def valid_signals():
    return {_named(n) for n in range(1, _LAST + 1) if n not in (32, 33)}


def sleep(seconds, /):
    """Sleeps on the virtual clock; timers that are due in this time fire."""
    if not _timers:
        _real_sleep(seconds)
        return
    end = _monotonic() + seconds
    while _timers and min(due for due, _ in _timers.values()) <= end:
        _fire_next()
    _real_sleep(max(0, end - _monotonic()))


def wait_for_timer() -> bool:
    """Advances the clock to the next timer and sends its signal. Returns whether there was one."""
    if not _timers:
        return False
    _fire_next()
    return True


def _fire_next():
    which, (due, interval) = min(_timers.items(), key=lambda item: item[1][0])
    _real_sleep(max(0, due - _monotonic()))
    if interval:
        _timers[which] = (due + interval, interval)
    else:
        del _timers[which]
    raise_signal(getattr(signal, _TIMER_SIGNALS[which]))


def _deliver(number: int):
    handler = _handlers.get(number, signal.SIG_DFL)
    if callable(handler):
        handler(number, _calling_frame())
    elif handler == signal.SIG_DFL:
        name = getattr(_named(number), "name", f"signal {number}")
        if name not in _IGNORED:
            raise Killed(f"{name} would end the process: no handler is set for it")


def _calling_frame():
    frame = sys._getframe()
    while frame is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    return frame


def _checked(number) -> int:
    number = int(number)
    if not 1 <= number <= _LAST:
        raise ValueError("signal number out of range")
    return number


def _named(number: int):
    try:
        return signal.Signals(number)
    except ValueError:
        return number


def _as_handler(handler):
    return signal.Handlers(handler) if isinstance(handler, int) else handler


def install():
    for name, function in _FUNCTIONS.items():
        setattr(signal, name, function)
    for kind in (Sigmasks, ITimers):
        for member in kind:
            setattr(signal, member.name, member if kind is Sigmasks else int(member))
    signal.Sigmasks = Sigmasks
    signal.ItimerError = OSError
    signal.SIGRTMIN, signal.SIGRTMAX, signal.SIGCLD = 34, _LAST, signal.SIGCHLD
    time.sleep = as_builtin(sleep)


_FUNCTIONS = {
    "signal": set_handler,
    "getsignal": getsignal,
    "raise_signal": raise_signal,
    "pthread_kill": pthread_kill,
    "pthread_sigmask": pthread_sigmask,
    "sigpending": sigpending,
    "sigwait": sigwait,
    "pause": pause,
    "alarm": alarm,
    "setitimer": setitimer,
    "getitimer": getitimer,
    "siginterrupt": siginterrupt,
    "set_wakeup_fd": set_wakeup_fd,
    "valid_signals": valid_signals,
}
