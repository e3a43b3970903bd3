"""Redirects Python's file functions to the memory tree.

The component has no real files, so none are hidden. C libraries bypass the memory tree: see `sqlite`.
"""

import builtins
import dbm
import importlib
import os
import posix
import shutil
import sys
import tempfile
import types
from collections import namedtuple

import _io

from ..builtin import as_builtin
from . import console, files, handles, numbers, paths, ready, sqlite, walk
from .captured import replace_everywhere
from .state import DESCRIPTORS, TREE

_installed: list[bool] = []


def install():
    """Replaces the functions in all loaded modules, once. No file can be used before `start`."""
    if _installed:
        return
    _installed.append(True)
    replaced = {
        builtins.open: as_builtin(files.open),
        _io.open_code: as_builtin(_open_code),
        _io.FileIO: files.FileIO,
    }
    numbers.install()
    for module in (handles, paths, walk):
        for name, function in _public(module):
            function = as_builtin(function)
            real = getattr(posix, name, None)
            if real is not None:
                replaced[real] = function
            setattr(os, name, function)
            setattr(posix, name, function)
    replaced[os.DirEntry] = paths.DirEntry
    os.DirEntry = posix.DirEntry = paths.DirEntry
    replace_everywhere(replaced)
    _describe_support()
    shutil._use_fd_functions = shutil._USE_CP_SENDFILE = False
    shutil.disk_usage = _disk_usage
    shutil.__all__.append("disk_usage")
    dbm._defaultmod = dbm._modules["dbm.dumb"] = importlib.import_module("dbm.dumb")
    dbm._names = ["dbm.dumb"]
    sys.dont_write_bytecode = True
    ready.install()
    sqlite.install()


def start(texts: dict[str, str]):
    """Begins a call with these files (relative path to text) in the project's folder, which is the current one."""
    install()
    TREE.reset(texts, console.devices)
    DESCRIPTORS.reset()
    sqlite.reset()
    tempfile.tempdir = None
    sys.path_importer_cache.clear()


def _open_code(path):
    return files.open(path, "rb")


_DiskUsage = namedtuple("usage", "total used free")


def _disk_usage(path):
    """Returns total, used and free bytes of the file system that holds this path."""
    figures = os.statvfs(path)
    total, free = figures.f_blocks * figures.f_frsize, figures.f_bavail * figures.f_frsize
    return _DiskUsage(total, total - free, free)


def _public(module):
    functions = vars(module).items()
    return [
        (n, f)
        for n, f in functions
        if isinstance(f, types.FunctionType) and f.__module__ == module.__name__ and n[0] != "_" and n not in _OWN
    ]


_OWN = {"folder_of", "file_system"}


def _describe_support():
    at_folder = "access chmod link lstat mkdir mkfifo open readlink rename replace rmdir stat symlink unlink utime"
    os.supports_dir_fd = frozenset(getattr(os, n) for n in at_folder.split())
    os.supports_fd = frozenset(getattr(os, n) for n in "chdir chmod listdir scandir stat truncate utime".split())
    os.supports_follow_symlinks = frozenset(getattr(os, n) for n in "access chown link stat utime".split())
    os.supports_effective_ids = frozenset([os.access])
