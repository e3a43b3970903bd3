"""Adapts the names that `posix` and `errno` lack, and the locales of WASI's C library, which accepts every name."""

import errno as codes
import locale as _locale

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


# What a Linux without further locales has.
_LOCALES = {"", "C", "POSIX", "C.UTF-8", "C.utf8"}


def restrict_locales():
    """Refuses the locales that are not there: the C library would accept the name and behave as `C`."""
    real = _locale._setlocale

    def setlocale(category, locale=None):
        if locale is not None and locale not in _LOCALES:
            raise _locale.Error("unsupported locale setting")
        return real(category, locale)

    _locale._setlocale = setlocale
    identities = {"gettext": 1, "dgettext": 2, "dcgettext": 3}
    for name, count in identities.items():
        if not hasattr(_locale, name):
            setattr(_locale, name, lambda *args, _place=min(count, 2) - 1: args[_place])
    for name in ("textdomain", "bindtextdomain", "bind_textdomain_codeset"):
        if not hasattr(_locale, name):
            setattr(_locale, name, lambda domain=None, value=None, /: value or domain)
