"""Builds a module from its list of names, and adds the parts that work."""

import ast
import builtins
import sys
import types

from . import archives, cdata, files, limits, mapping, processes, system, terminals, tls, users
from .calls import refusal, refused
from .names import LINUX, PARTIAL, REMOVED, WINDOWS

# The name under which code knows a module written in C.
PUBLIC = {
    "_bz2": "bz2",
    "_curses": "curses",
    "_curses_panel": "curses.panel",
    "_lzma": "lzma",
    "_multiprocessing": "multiprocessing",
    "_posixshmem": "multiprocessing.shared_memory",
    "_socket": "socket",
    "_ssl": "ssl",
    "_tkinter": "tkinter",
    "_zstd": "compression.zstd",
    "posix": "os",
}
_NAMES = {**LINUX, **PARTIAL, **WINDOWS, **REMOVED}
_WORKING = {
    "_bz2": archives.bz2,
    "_ctypes": cdata.ctypes,
    "_curses": terminals.curses,
    "_lzma": archives.lzma,
    "_multiprocessing": processes.multiprocessing,
    "_ssl": tls.ssl,
    "_tkinter": terminals.tkinter,
    "_zstd": archives.zstd,
    "errno": system.errno,
    "fcntl": files.fcntl,
    "grp": users.grp,
    "mmap": mapping.mmap,
    "posix": system.posix,
    "pwd": users.pwd,
    "readline": terminals.readline,
    "resource": limits.resource,
    "syslog": limits.syslog,
    "termios": terminals.termios,
}
LACKING = {*LINUX, "_ctypes"}
# Modules of Windows, and modules that this version of Python no longer has.
FOREIGN = {*WINDOWS, *REMOVED}


def fill(module: types.ModuleType):
    """Adds the names that a module lacks; changes none that it has."""
    values = dict(_values(module.__name__))
    working = _WORKING.get(module.__name__)
    if working is not None:
        working(values)
    for name, value in values.items():
        if not hasattr(module, name):
            setattr(module, name, value)


def set_numbers(module: types.ModuleType):
    """Gives a module the numbers of Linux. Only for a module whose own numbers reach no system call here."""
    for name, value in _values(module.__name__):
        if type(value) is int:
            setattr(module, name, value)


def copy_missing(source: str, target: str):
    """Gives a module the names of the module written in C that it took its names from before that was completed."""
    known = {line.partition(" ")[2] for line in _NAMES[source].splitlines()}
    module = sys.modules[target]
    for name in {word.partition("=")[0] for rest in known for word in rest.split()}:
        if not hasattr(module, name) and not name.startswith("_") and hasattr(sys.modules[source], name):
            setattr(module, name, getattr(sys.modules[source], name))


def _values(module: str):
    public = PUBLIC.get(module, module)
    # Code catches OSError from calls to the system.
    error = OSError if module in PARTIAL else NotImplementedError
    classes: dict[str, type] = {}
    for line in _NAMES.get(module, "").strip().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "error":
            name, *bases = rest.split()
            kinds = tuple(classes.get(base) or getattr(builtins, base) for base in bases)
            classes[name] = type(name, kinds, {"__module__": public})
            yield name, classes[name]
        elif kind == "class":
            name, *members = rest.split()
            cls = classes.setdefault(name, _class(name, public, error))
            for member in members:
                setattr(cls, member, refused(f"{public}.{name.lstrip('_')}.{member}", error))
            yield name, cls
        elif kind == "function":
            yield from ((name, refused(f"{public}.{name}", error)) for name in rest.split())
        elif kind == "text":
            name, _, value = rest.partition(" ")
            yield name, ast.literal_eval(value)
        else:
            yield from ((name, ast.literal_eval(value)) for name, _, value in (w.partition("=") for w in rest.split()))


def _class(name: str, public: str, error: type) -> type:
    shown = f"{public}.{name.lstrip('_')}"

    def __new__(cls, *args, **kwargs):
        __tracebackhide__ = True
        raise refusal(shown, error)

    return type(name, (), {"__module__": public, "__new__": __new__, "__init__": lambda self, *_, **__: None})
