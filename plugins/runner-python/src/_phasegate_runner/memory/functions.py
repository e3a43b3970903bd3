"""Replaces `open`, the file functions of `os`, and modules that captured them at import by versions over a memory tree.

The component has no real files, so none are hidden. C libraries bypass the memory tree: see `sqlite`.
"""

import builtins
import dbm
import errno
import glob
import importlib
import io
import os
import posix
import shutil
import stat
import sys
import tempfile

import _io

from . import sqlite
from .files import Descriptors, make_open
from .tree import File, Folder, Tree, os_error


def install(files: dict[str, str]):
    """Creates the memory tree with these files (path to text) and redirects Python's file functions to it."""
    tree = Tree(files)
    descriptors = Descriptors(tree)
    memory_open = make_open(descriptors, io.open)
    for module in (builtins, io, _io):
        module.open = memory_open
    io.open_code = _io.open_code = lambda path: memory_open(path, "rb")
    for name, function in _functions(tree, descriptors).items():
        setattr(os, name, function)
        setattr(posix, name, function)
    os.supports_dir_fd = os.supports_fd = os.supports_follow_symlinks = frozenset()
    os.environ["HOME"] = "/home/sandbox"
    tempfile.tempdir = "/tmp"
    shutil._use_fd_functions = shutil._USE_CP_SENDFILE = False
    # Captured `os.scandir` when the module was imported.
    for name in ("_StringGlobber", "_Globber"):
        globber = getattr(glob, name, None)
        if globber is not None and "scandir" in vars(globber) and not hasattr(globber.scandir, "__code__"):
            globber.scandir = staticmethod(os.scandir)
    dbm._defaultmod = dbm._modules["dbm.dumb"] = importlib.import_module("dbm.dumb")
    dbm._names = ["dbm.dumb"]
    sys.dont_write_bytecode = True
    sys.path_importer_cache.clear()
    sqlite.install(tree)


class Entry:
    """An item that `os.scandir` yields."""

    def __init__(self, name, path, node):
        self.name, self.path, self._node = name, path, node

    def is_dir(self, *, follow_symlinks=True):
        return isinstance(self._node, Folder)

    def is_file(self, *, follow_symlinks=True):
        return isinstance(self._node, File)

    def is_symlink(self):
        return False

    def is_junction(self):
        return False

    def stat(self, *, follow_symlinks=True):
        return self._node.stat()

    def inode(self):
        return self._node.inode

    def __fspath__(self):
        return self.path

    def __repr__(self):
        return f"<DirEntry {self.name!r}>"


class Entries:
    def __init__(self, entries):
        self._entries = iter(entries)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._entries)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._entries = iter(())


def _functions(tree: Tree, descriptors: Descriptors) -> dict:
    real = {n: getattr(os, n) for n in ("close", "read", "write", "lseek", "fstat")}

    def stat_(path, *, dir_fd=None, follow_symlinks=True):
        return fstat(path) if isinstance(path, int) else tree.get(path).stat()

    def fstat(fd):
        return descriptors.get(fd).node.stat() if descriptors.has(fd) else real["fstat"](fd)

    def listdir(path="."):
        folder = tree.folder("." if path is None else path)
        names = sorted(folder.entries)
        return [os.fsencode(n) for n in names] if isinstance(path, bytes) else names

    def scandir(path="."):
        path = os.fspath("." if path is None else path)
        folder = tree.folder(path)
        return Entries([Entry(n, os.path.join(path, n), folder.entries[n]) for n in sorted(folder.entries)])

    def mkdir(path, mode=0o777, *, dir_fd=None):
        if tree.find(path) is not None:
            raise os_error(errno.EEXIST, path)
        tree.add(path, Folder(tree, mode & 0o755))

    def rmdir(path, *, dir_fd=None):
        if tree.folder(path).entries:
            raise os_error(errno.ENOTEMPTY, path)
        tree.remove(path)

    def unlink(path, *, dir_fd=None):
        if isinstance(tree.get(path), Folder):
            raise os_error(errno.EISDIR, path)
        tree.remove(path)

    def rename(src, dst, *, src_dir_fd=None, dst_dir_fd=None):
        tree.move(src, dst)

    def chmod(path, mode, *, dir_fd=None, follow_symlinks=True):
        node = descriptors.get(path).node if isinstance(path, int) else tree.get(path)
        node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(mode)

    def utime(path, times=None, *, ns=None, dir_fd=None, follow_symlinks=True):
        node = descriptors.get(path).node if isinstance(path, int) else tree.get(path)
        node.touch()
        if ns is not None or times is not None:
            node.mtime_ns = ns[1] if ns is not None else int(times[1] * 1e9)

    def access(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True):
        node = tree.find(path)
        return node is not None and (node.mode >> 6) & mode == mode

    def chdir(path):
        tree.folder(path)
        tree.cwd = tree.absolute(path)

    def open_(path, flags, mode=0o777, *, dir_fd=None):
        return descriptors.open(path, flags, mode)

    def close(fd):
        return descriptors.close(fd) if descriptors.has(fd) else real["close"](fd)

    def read(fd, count):
        return descriptors.get(fd).read(count) if descriptors.has(fd) else real["read"](fd, count)

    def write(fd, data):
        return descriptors.get(fd).write(bytes(data)) if descriptors.has(fd) else real["write"](fd, data)

    def lseek(fd, offset, whence):
        return descriptors.get(fd).seek(offset, whence) if descriptors.has(fd) else real["lseek"](fd, offset, whence)

    def isatty(fd):
        return False

    def fsync(fd):
        descriptors.get(fd)

    def truncate(path, length):
        if isinstance(path, int):
            descriptors.get(path).truncate(length)
            return
        fd = descriptors.open(path, os.O_WRONLY)
        descriptors.get(fd).truncate(length)
        descriptors.close(fd)

    def no_links(src, dst=None, *_, **__):
        raise os_error(errno.EPERM, src)

    def readlink(path, *, dir_fd=None):
        tree.get(path)
        raise os_error(errno.EINVAL, path)

    def chown(path, uid, gid, *, dir_fd=None, follow_symlinks=True):
        tree.get(path)

    return {
        "stat": stat_,
        "lstat": stat_,
        "fstat": fstat,
        "listdir": listdir,
        "scandir": scandir,
        "mkdir": mkdir,
        "rmdir": rmdir,
        "unlink": unlink,
        "remove": unlink,
        "rename": rename,
        "replace": rename,
        "chmod": chmod,
        "utime": utime,
        "access": access,
        "chdir": chdir,
        "getcwd": lambda: tree.cwd,
        "getcwdb": lambda: os.fsencode(tree.cwd),
        "open": open_,
        "close": close,
        "read": read,
        "write": write,
        "lseek": lseek,
        "isatty": isatty,
        "fsync": fsync,
        "fdatasync": fsync,
        "truncate": truncate,
        "ftruncate": truncate,
        "symlink": no_links,
        "link": no_links,
        "readlink": readlink,
        "chown": chown,
        "umask": lambda mask: 0o022,
    }
