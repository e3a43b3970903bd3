"""The local time that the environment variable TZ chooses, for the functions of `time`.

`datetime` computes local times in C and stays in UTC; `zone_note` says so where a test that changed TZ fails.
"""

import os
import struct
import time
import zoneinfo
from datetime import datetime, timedelta, timezone
from io import BytesIO

from ..builtin import as_builtin
from ..memory.captured import replace_everywhere

__tracebackhide__ = True

_UTC = timezone.utc
_real_localtime, _real_mktime, _real_time = time.localtime, time.mktime, time.time
_real_ctime, _real_asctime = time.ctime, time.asctime
_BASE = ("UTC", "UTC")

_zone = None
_changed_to: str | None = None


def reset():
    """Returns to UTC."""
    global _zone, _changed_to
    _zone = _changed_to = None
    _set_names(*_BASE, 0, 0, 0)


def tzset():
    """Chooses the zone that TZ names: of the zone database, or a rule such as EST5EDT."""
    global _zone, _changed_to
    _changed_to = None
    name = os.environ.get("TZ", "").removeprefix(":")
    zone = _find_zone(name)
    if zone is None:
        _zone = None
        _set_names(*_BASE, 0, 0, 0)
        return
    _zone = zone
    year = datetime.now(_UTC).year
    winter, summer = (datetime(year, month, 1, tzinfo=zone) for month in (1, 7))
    standard, other = sorted((winter, summer), key=lambda when: when.dst() or timedelta())
    offsets = [-int(when.utcoffset().total_seconds()) for when in (standard, other)]
    _set_names(standard.tzname(), other.tzname(), *offsets, int(bool(other.dst())))
    if offsets != [0, 0]:
        _changed_to = name


def zone_note() -> str | None:
    """Returns what to know about a failure after TZ was changed."""
    if _changed_to is None:
        return None
    return f"with TZ={_changed_to} only the functions of `time` change; local times of `datetime` stay in UTC here"


def localtime(seconds=None, /):
    if _zone is None:
        return _real_localtime(seconds)
    seconds = _real_time() if seconds is None else seconds
    # Checks the number, as the real function does.
    _real_localtime(seconds)
    return _struct(datetime.fromtimestamp(seconds // 1, _UTC).astimezone(_zone))


def mktime(time_tuple, /):
    if _zone is None:
        return _real_mktime(time_tuple)
    naive = datetime.fromtimestamp(_real_mktime(time_tuple), _UTC).replace(tzinfo=None)
    choices = [naive.replace(tzinfo=_zone, fold=fold) for fold in (0, 1)]
    wanted = [when for when in choices if int(bool(when.dst())) == time_tuple[8]]
    return (wanted or choices)[0].timestamp()


def ctime(seconds=None, /):
    return time.asctime(localtime(seconds))


def asctime(time_tuple=None, /):
    return _real_asctime(localtime() if time_tuple is None else time_tuple)


def offset_text(when) -> str:
    """Returns what `%z` stands for."""
    seconds = getattr(when, "tm_gmtoff", None)
    if seconds is None:
        seconds = -(time.altzone if when[8] > 0 and time.daylight else time.timezone)
    sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // 60
    return f"{sign}{minutes // 60:02}{minutes % 60:02}"


def zone_name(when) -> str:
    """Returns what `%Z` stands for."""
    return getattr(when, "tm_zone", None) or time.tzname[1 if when[8] > 0 and time.daylight else 0]


def install():
    """Replaces the functions, also where a module has taken them."""
    replaced = {_real_localtime: localtime, _real_mktime: mktime, _real_ctime: ctime, _real_asctime: asctime}
    replace_everywhere({real: as_builtin(function) for real, function in replaced.items()})
    time.tzset = as_builtin(tzset)


def _struct(when: datetime):
    fields = when.timetuple()
    offset = int(when.utcoffset().total_seconds())
    return time.struct_time((*fields[:8], int(bool(when.dst())), when.tzname(), offset))


def _set_names(standard, other, offset, other_offset, daylight):
    time.tzname = (standard, other)
    time.timezone, time.altzone, time.daylight = offset, other_offset, daylight


def _find_zone(name: str):
    """Returns None for UTC, which is also what an unknown name means to the C library of Linux."""
    if name in ("", "UTC", "UTC0"):
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        pass
    try:
        return zoneinfo.ZoneInfo.from_file(BytesIO(_file_of_rule(name)))
    except ValueError:
        return None


def _file_of_rule(rule: str) -> bytes:
    """Returns a zone file without transitions, in which this rule is valid for all times."""
    counts = struct.pack(">6l", 0, 0, 0, 0, 1, 4)
    block = b"TZif2" + bytes(15) + counts + struct.pack(">lbb", 0, 0, 0) + b"UTC\0"
    return block + block + b"\n" + rule.encode() + b"\n"
