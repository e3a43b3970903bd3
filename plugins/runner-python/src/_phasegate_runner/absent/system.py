"""Adapts the names that modules of the system lack: `posix` and `errno`."""

import errno as codes

from .users import UID

# Above the numbers of WASI, which are not those of Linux.
_FIRST_OTHER_ERROR = 200


def posix(names):
    def no_attributes(*args, **kwargs):
        raise OSError(codes.ENOTSUP, "Operation not supported")

    def no_terminal(fd=1, /):
        raise OSError(codes.ENOTTY, "Inappropriate ioctl for device")

    # The numbers of these flags differ on WASI.
    for name in [n for n in names if n.startswith("O_")]:
        del names[name]
    names |= {name: no_attributes for name in ("getxattr", "listxattr", "removexattr", "setxattr")}
    names |= {
        **{name: lambda: UID for name in ("getuid", "geteuid", "getgid", "getegid")},
        "register_at_fork": lambda **callbacks: None,
        "sched_getaffinity": lambda pid, /: {0},
        "sched_yield": lambda: None,
        "get_terminal_size": no_terminal,
        "getloadavg": lambda: (0.0, 0.0, 0.0),
        "sync": lambda: None,
    }


def errno(names):
    for name, value in names.items():
        names[name] = _FIRST_OTHER_ERROR + value
        if not hasattr(codes, name):
            codes.errorcode[names[name]] = name
