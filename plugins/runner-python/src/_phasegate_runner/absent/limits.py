"""`resource` and `syslog`: plausible figures for a single process, and a log that nobody reads."""

import time
from collections import namedtuple

_FIELDS = """ru_utime ru_stime ru_maxrss ru_ixrss ru_idrss ru_isrss ru_minflt ru_majflt ru_nswap ru_inblock ru_oublock
    ru_msgsnd ru_msgrcv ru_nsignals ru_nvcsw ru_nivcsw"""
_Usage = namedtuple("struct_rusage", _FIELDS)
_RSS_KIB = 65_536
_STACK, _FILES = 3, 7


def resource(names):
    unlimited = names["RLIM_INFINITY"]
    limits = {_STACK: (8 << 20, unlimited), _FILES: (1024, 4096)}

    def getrusage(who):
        if who not in (names["RUSAGE_SELF"], names["RUSAGE_CHILDREN"], names["RUSAGE_THREAD"]):
            raise ValueError("invalid who parameter")
        is_own = who != names["RUSAGE_CHILDREN"]
        return _Usage(time.process_time() if is_own else 0.0, 0.0, _RSS_KIB if is_own else 0, *[0] * 13)

    def getrlimit(which):
        _check(which)
        return limits.get(which, (unlimited, unlimited))

    def setrlimit(which, limit):
        _check(which)
        soft, hard = limit
        bound = getrlimit(which)[1]
        if bound != unlimited and (hard == unlimited or hard > bound):
            raise ValueError("not allowed to raise maximum limit")
        if hard != unlimited and (soft == unlimited or soft > hard):
            raise ValueError("current limit exceeds maximum limit")
        limits[which] = (soft, hard)

    def prlimit(pid, which, limit=None):
        before = getrlimit(which)
        if limit is not None:
            setrlimit(which, limit)
        return before

    names |= {
        "struct_rusage": _Usage,
        "getrusage": getrusage,
        "getrlimit": getrlimit,
        "setrlimit": setrlimit,
        "prlimit": prlimit,
        "getpagesize": lambda: 4096,
    }


def _check(which):
    if not 0 <= which < 16:
        raise ValueError("invalid resource specified")


def syslog(names):
    mask = [0xFF]

    def setlogmask(maskpri):
        mask.append(maskpri)
        return mask.pop(0)

    def log(*args):
        """syslog([priority,] message)"""
        if not args or len(args) > 2 or not isinstance(args[-1], str):
            raise TypeError("syslog.syslog requires 1 to 2 arguments, the last of them a message")

    names |= {
        "syslog": log,
        "openlog": lambda ident=None, logoption=0, facility=8: None,
        "closelog": lambda: None,
        "setlogmask": setlogmask,
        "LOG_MASK": lambda pri: 1 << pri,
        "LOG_UPTO": lambda pri: (1 << (pri + 1)) - 1,
    }
