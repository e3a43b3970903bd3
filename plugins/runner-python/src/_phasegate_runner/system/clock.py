"""Clocks and formats of `time` that the component lacks."""

import os
import re
import time

from ..builtin import as_builtin
from . import localtime

__tracebackhide__ = True

_real_strftime, _gettime, _gettime_ns = time.strftime, time.clock_gettime, time.clock_gettime_ns
_monotonic = time.monotonic
_started = 0.0
_real_info, _getres = time.get_clock_info, time.clock_getres
# Numbers of Linux. The processor's time is the time since the start, because only this program runs.
_CLOCKS = {
    "CLOCK_PROCESS_CPUTIME_ID": 2,
    "CLOCK_THREAD_CPUTIME_ID": 3,
    "CLOCK_MONOTONIC_RAW": 4,
    "CLOCK_BOOTTIME": 7,
    "CLOCK_TAI": 11,
}
# Flag, width and letter; what the C library of the component lacks of them is made here.
_DIRECTIVE = re.compile(r"%([-_0^#]*)(\d*)([EO]?)([a-zA-Z%+]?)")
_KNOWN = frozenset("aAbBcCdDeFgGhHIjmMnprRsStTuUVwWxXyYzZ%")
_PADS = dict.fromkeys("CdgHIjmMSUVWy", "0") | dict.fromkeys("ekl", " ")


def reset():
    """Begins the count of the processor's time."""
    global _started
    _started = _monotonic()


def process_time():
    return _monotonic() - _started


def process_time_ns():
    return int(process_time() * 1e9)


def thread_time():
    return process_time()


def thread_time_ns():
    return process_time_ns()


def times():
    """Replaces `os.times`."""
    return os.times_result((process_time(), 0.0, 0.0, 0.0, _monotonic()))


def clock_gettime(clk_id, /):
    return _elsewhere(clk_id) if clk_id in _ADDED else _gettime(clk_id)


def clock_gettime_ns(clk_id, /):
    return int(_elsewhere(clk_id) * 1e9) if clk_id in _ADDED else _gettime_ns(clk_id)


def _elsewhere(clk_id) -> float:
    return process_time() if clk_id in (2, 3) else _monotonic()


def clock_getres(clk_id, /):
    return 1e-09 if clk_id in _ADDED else _getres(clk_id)


def get_clock_info(name, /):
    if name == "thread_time":
        name = "process_time"
    return _real_info(name)


def strftime(format, t=None, /):
    """Formats as the C library of Linux does in the C locale."""
    when = time.localtime() if t is None else t
    # Checks the fields of the time, as the real function does.
    _real_strftime("", when)
    return _DIRECTIVE.sub(lambda found: _directive(found, when), format)


def _directive(found, when) -> str:
    flags, width, modifier, letter = found.groups()
    if letter not in _KNOWN and letter not in ("k", "l", "P") or not letter:
        return found[0]
    text = _plain(letter, when)
    pad = _PADS.get(letter, " ")
    for flag in flags:
        pad = {"-": "", "_": " ", "0": "0"}.get(flag, pad)
    if letter in _PADS and (pad == "" or pad != _PADS[letter]):
        text = text.lstrip("0 ") or "0"
        width = width or ("" if pad == "" else str(3 if letter == "j" else 2))
    if "^" in flags:
        text = text.upper()
    if "#" in flags:
        text = text.lower() if letter in "pZ" else text.upper()
    if not width:
        return text
    return text.rjust(int(width), "0" if pad == "0" or letter in "Ygs" and pad != " " else " ")


def _plain(letter: str, when) -> str:
    hour = when[3]
    if letter == "k":
        return f"{hour:2}"
    if letter == "l":
        return f"{(hour + 11) % 12 + 1:2}"
    if letter == "P":
        return _real_strftime("%p", when).lower()
    if letter == "Z":
        return localtime.zone_name(when)
    if letter == "z":
        return localtime.offset_text(when)
    return _real_strftime(f"%{letter}", when)


def install():
    names = "process_time process_time_ns thread_time thread_time_ns clock_gettime clock_gettime_ns clock_getres"
    for name in (*names.split(), "get_clock_info", "strftime"):
        setattr(time, name, as_builtin(globals()[name]))
    os.times = as_builtin(times)
    for name, number in _CLOCKS.items():
        if not hasattr(time, name):
            setattr(time, name, number)
            _ADDED.add(number)


_ADDED: set[int] = set()
