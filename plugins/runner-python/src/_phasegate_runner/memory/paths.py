"""The functions of `os` that take paths, on the memory tree."""

import errno
import os

from .errors import os_error
from .handles import fchdir, fchmod, file_system, folder_of, fstat, ftruncate
from .nodes import Fifo, File, Folder, Link
from .state import DESCRIPTORS, TREE

__tracebackhide__ = True


def stat(path, *, dir_fd=None, follow_symlinks=True):
    if isinstance(path, int):
        return fstat(path)
    return TREE.get(path, follow=follow_symlinks, base=folder_of(dir_fd)).stat()


def lstat(path, *, dir_fd=None):
    return TREE.get(path, follow=False, base=folder_of(dir_fd)).stat()


def access(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True):
    node = TREE.find(path, follow=follow_symlinks, base=folder_of(dir_fd))
    return node is not None and node.allows(mode)


def statvfs(path):
    if isinstance(path, int):
        DESCRIPTORS.get(path)
    else:
        TREE.get(path)
    return file_system()


def _listed(path) -> Folder:
    if isinstance(path, int):
        return folder_of(path)
    folder = TREE.folder(path)
    if not folder.allows(4):
        raise os_error(errno.EACCES, path)
    return folder


def listdir(path=None):
    names = sorted(_listed("." if path is None else path).entries)
    return [os.fsencode(n) for n in names] if isinstance(path, bytes) else names


class DirEntry:
    """An item that `os.scandir` yields. It keeps what the entry was when the folder was listed."""

    def __init__(self, name, path, node, target):
        self.name, self.path, self._node, self._target = name, path, node, target

    def is_dir(self, *, follow_symlinks=True):
        return isinstance(self._node_of(follow_symlinks), Folder)

    def is_file(self, *, follow_symlinks=True):
        return isinstance(self._node_of(follow_symlinks), File)

    def is_symlink(self):
        return isinstance(self._node, Link)

    def is_junction(self):
        return False

    def stat(self, *, follow_symlinks=True):
        node = self._node_of(follow_symlinks)
        if node is None:
            raise os_error(errno.ENOENT, self.path)
        return node.stat()

    def inode(self):
        return self._node.inode

    def __fspath__(self):
        return self.path

    def __repr__(self):
        return f"<DirEntry {self.name!r}>"

    def _node_of(self, follow):
        return self._target() if follow and self.is_symlink() else self._node


class Entries:
    """The iterator that `os.scandir` returns."""

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


def scandir(path=None):
    path = "." if path is None else path
    folder = _listed(path)
    at = path if isinstance(path, int) else os.fspath(path)
    return Entries([_entry(folder, at, name) for name in sorted(folder.entries)])


def _entry(folder, at, name):
    shown = os.fsencode(name) if isinstance(at, bytes) else name
    path = shown if isinstance(at, int) else os.path.join(at, shown)
    return DirEntry(shown, path, folder.entries[name], lambda: TREE.find(name, base=folder))


def mkdir(path, mode=0o777, *, dir_fd=None):
    place = TREE.look(path, follow=False, base=folder_of(dir_fd))
    TREE.add(place, Folder(TREE, mode & ~TREE.umask & 0o1777), path)


def rmdir(path, *, dir_fd=None):
    place = TREE.look(path, follow=False, base=folder_of(dir_fd))
    if place.node is None:
        raise os_error(errno.ENOENT, path)
    if not isinstance(place.node, Folder):
        raise os_error(errno.ENOTDIR, path)
    if place.node.entries:
        raise os_error(errno.ENOTEMPTY, path)
    TREE.remove(place, path)


def unlink(path, *, dir_fd=None):
    place = TREE.look(path, follow=False, base=folder_of(dir_fd))
    if place.node is None:
        raise os_error(errno.ENOENT, path)
    if isinstance(place.node, Folder):
        raise os_error(errno.EISDIR, path)
    TREE.remove(place, path)


def remove(path, *, dir_fd=None):
    unlink(path, dir_fd=dir_fd)


def rename(src, dst, *, src_dir_fd=None, dst_dir_fd=None):
    TREE.move(src, dst, folder_of(src_dir_fd), folder_of(dst_dir_fd))


def replace(src, dst, *, src_dir_fd=None, dst_dir_fd=None):
    TREE.move(src, dst, folder_of(src_dir_fd), folder_of(dst_dir_fd))


def symlink(src, dst, target_is_directory=False, *, dir_fd=None):
    target = os.fsdecode(src)
    if "\0" in target:
        raise ValueError("embedded null byte")
    try:
        if not target:
            raise os_error(errno.ENOENT)
        place = TREE.look(dst, follow=False, base=folder_of(dir_fd))
        TREE.add(place, Link(TREE, target))
    except OSError as e:
        raise os_error(e.errno, src, dst) from None


def link(src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True):
    try:
        # As on Linux, a link to a symbolic link is a second name of that link.
        node = TREE.get(src, follow=False, base=folder_of(src_dir_fd))
        if isinstance(node, Folder):
            raise os_error(errno.EPERM)
        TREE.add(TREE.look(dst, follow=False, base=folder_of(dst_dir_fd)), node)
        node.changed()
    except OSError as e:
        raise os_error(e.errno, src, dst) from None


def readlink(path, *, dir_fd=None):
    node = TREE.get(path, follow=False, base=folder_of(dir_fd))
    if not isinstance(node, Link):
        raise os_error(errno.EINVAL, path)
    return os.fsencode(node.target) if isinstance(path, bytes) else node.target


def mkfifo(path, mode=0o666, *, dir_fd=None):
    place = TREE.look(path, follow=False, base=folder_of(dir_fd))
    TREE.add(place, Fifo(TREE, mode & ~TREE.umask & 0o777), path)


def chmod(path, mode, *, dir_fd=None, follow_symlinks=True):
    if isinstance(path, int):
        fchmod(path, mode)
        return
    node = TREE.get(path, follow=follow_symlinks, base=folder_of(dir_fd))
    if isinstance(node, Link):
        raise os_error(errno.ENOTSUP, path)
    node.mode = node.kind | mode & 0o7777
    node.changed()


def chown(path, uid, gid, *, dir_fd=None, follow_symlinks=True):
    if isinstance(path, int):
        DESCRIPTORS.get(path)
        return
    node = TREE.get(path, follow=follow_symlinks, base=folder_of(dir_fd))
    if uid not in (-1, os.getuid()) or gid not in (-1, os.getgid()):
        raise os_error(errno.EPERM, path)
    node.changed()


def lchown(path, uid, gid):
    chown(path, uid, gid, follow_symlinks=False)


def utime(path, times=None, *, ns=None, dir_fd=None, follow_symlinks=True):
    if times is not None and ns is not None:
        raise ValueError("utime: you may specify either 'times' or 'ns' but not both")
    if isinstance(path, int):
        node = DESCRIPTORS.get(path).node
    else:
        node = TREE.get(path, follow=follow_symlinks, base=folder_of(dir_fd))
    if ns is not None:
        node.atime_ns, node.mtime_ns = ns
    elif times is not None:
        node.atime_ns, node.mtime_ns = (_nanoseconds(t) for t in times)
    else:
        node.atime_ns = node.mtime_ns = TREE.now()
    node.changed()


def _nanoseconds(seconds) -> int:
    whole = int(seconds // 1)
    return whole * 1_000_000_000 + int((seconds - whole) * 1_000_000_000)


def truncate(path, length):
    if isinstance(path, int):
        ftruncate(path, length)
        return
    if length < 0:
        raise os_error(errno.EINVAL, path)
    node = TREE.get(path)
    if isinstance(node, Folder):
        raise os_error(errno.EISDIR, path)
    if not node.allows(2):
        raise os_error(errno.EACCES, path)
    node.resize(length)


def chdir(path):
    if isinstance(path, int):
        fchdir(path)
        return
    folder = TREE.folder(path)
    if not folder.allows(1):
        raise os_error(errno.EACCES, path)
    TREE.cwd = folder


def getcwd():
    return TREE.path_of(TREE.cwd)


def getcwdb():
    return os.fsencode(getcwd())


def umask(mask, /):
    before, TREE.umask = TREE.umask, mask & 0o777
    return before


def sync():
    pass


def _attributes_of(path, follow):
    node = DESCRIPTORS.get(path).node if isinstance(path, int) else TREE.get(path, follow=follow)
    return node.attributes


def listxattr(path=None, *, follow_symlinks=True):
    return list(_attributes_of("." if path is None else path, follow_symlinks))


def getxattr(path, attribute, *, follow_symlinks=True):
    held = _attributes_of(path, follow_symlinks)
    name = os.fsdecode(attribute)
    if name not in held:
        raise os_error(errno.ENODATA, path)
    return held[name]


def setxattr(path, attribute, value, flags=0, *, follow_symlinks=True):
    held = _attributes_of(path, follow_symlinks)
    name = os.fsdecode(attribute)
    if not name.startswith("user."):
        raise os_error(errno.ENOTSUP, path)
    held[name] = bytes(value)


def removexattr(path, attribute, *, follow_symlinks=True):
    getxattr(path, attribute, follow_symlinks=follow_symlinks)
    del _attributes_of(path, follow_symlinks)[os.fsdecode(attribute)]
