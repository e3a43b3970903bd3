"""The one user and the one process of the sandbox."""

import errno
import os
import posix

from ..builtin import as_builtin
from ..memory.errors import os_error

USER, GROUP, NAME = 1000, 1000, "sandbox"
PARENT = 1


def getuid():
    return USER


def geteuid():
    return USER


def getgid():
    return GROUP


def getegid():
    return GROUP


def getresuid():
    return USER, USER, USER


def getresgid():
    return GROUP, GROUP, GROUP


def getgroups():
    return [GROUP]


def getgrouplist(user, group, /):
    return [group]


def getlogin():
    return NAME


def getppid():
    return PARENT


def getpgrp():
    return os.getpid()


def getpgid(pid):
    if pid not in (0, os.getpid()):
        raise os_error(errno.ESRCH)
    return os.getpid()


def getsid(pid, /):
    return getpgid(pid)


def getpriority(which, who):
    return 0


def nice(increment, /):
    return max(0, min(19, increment))


def setuid(uid, /):
    if uid != USER:
        raise os_error(errno.EPERM)


def setgid(gid, /):
    if gid != GROUP:
        raise os_error(errno.EPERM)


def setpgid(pid, pgrp, /):
    getpgid(pid)


def setsid():
    # The process leads its group already.
    raise os_error(errno.EPERM)


def getloadavg():
    return 0.0, 0.0, 0.0


def sched_getaffinity(pid, /):
    return {0}


def getrandom(size, flags=0):
    return os.urandom(size)


def ctermid():
    return "/dev/tty"


def install():
    functions = {n: f for n, f in globals().items() if getattr(f, "__module__", None) == __name__ and n != "install"}
    functions |= {"seteuid": setuid, "setegid": setgid}
    for name, function in functions.items():
        if callable(function):
            setattr(os, name, as_builtin(function))
            setattr(posix, name, as_builtin(function))
