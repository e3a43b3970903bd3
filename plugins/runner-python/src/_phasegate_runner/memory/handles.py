"""The functions of `os` that take file descriptors, on the memory tree."""

import errno
import os

from .errors import os_error
from .nodes import BLOCK, Folder
from .state import DESCRIPTORS, TREE

__tracebackhide__ = True

_get = DESCRIPTORS.get


def open(path, flags, mode=0o777, *, dir_fd=None):
    return DESCRIPTORS.open(path, flags, mode, base=folder_of(dir_fd))


def close(fd):
    DESCRIPTORS.close(fd)


def closerange(fd_low, fd_high, /):
    for fd in [fd for fd in DESCRIPTORS.table if fd_low <= fd < fd_high]:
        DESCRIPTORS.close(fd)


def read(fd, length, /):
    if length < 0:
        raise os_error(errno.EINVAL)
    return _get(fd).read(length)


def readinto(fd, buffer, /):
    view = memoryview(buffer).cast("B")
    data = _get(fd).read(len(view))
    view[: len(data)] = data
    return len(data)


def readv(fd, buffers, /):
    return sum(readinto(fd, buffer) for buffer in buffers)


def write(fd, data, /):
    if isinstance(data, str):
        raise TypeError("a bytes-like object is required, not 'str'")
    return _get(fd).write(memoryview(data).cast("B"))


def writev(fd, buffers, /):
    return sum(write(fd, buffer) for buffer in buffers)


def pread(fd, length, offset, /):
    return _get(fd).read_at(offset, length)


def pwrite(fd, data, offset, /):
    return _get(fd).write_at(offset, memoryview(data).cast("B"))


def preadv(fd, buffers, offset, flags=0, /):
    total = 0
    for buffer in buffers:
        view = memoryview(buffer).cast("B")
        data = pread(fd, len(view), offset + total)
        view[: len(data)] = data
        total += len(data)
    return total


def pwritev(fd, buffers, offset, flags=0, /):
    total = 0
    for buffer in buffers:
        total += pwrite(fd, buffer, offset + total)
    return total


def sendfile(out_fd, in_fd, offset, count):
    source = _get(in_fd)
    data = source.read(count) if offset is None else source.read_at(offset, count)
    return _get(out_fd).write(data)


def copy_file_range(src, dst, count, offset_src=None, offset_dst=None):
    source, target = _get(src), _get(dst)
    data = source.read(count) if offset_src is None else source.read_at(offset_src, count)
    return target.write(data) if offset_dst is None else target.write_at(offset_dst, data)


def lseek(fd, position, whence, /):
    return _get(fd).seek(position, whence)


def fstat(fd):
    return _get(fd).stat()


def ftruncate(fd, length, /):
    _get(fd).truncate(length)


def posix_fallocate(fd, offset, length, /):
    opened = _get(fd)
    if opened.node.size() < offset + length:
        opened.truncate(offset + length)


def posix_fadvise(fd, offset, length, advice, /):
    _get(fd)


def fsync(fd):
    _get(fd)


fdatasync = fsync


def fchdir(fd):
    TREE.cwd = folder_of(fd)


def fchmod(fd, mode):
    node = _get(fd).node
    node.mode = node.kind | mode & 0o7777
    node.changed()


def fchown(fd, uid, gid):
    _get(fd)


def isatty(fd, /):
    return False


def ttyname(fd, /):
    _get(fd)
    raise os_error(errno.ENOTTY)


def get_terminal_size(fd=1, /):
    _get(fd)
    raise os_error(errno.ENOTTY)


def dup(fd, /):
    return DESCRIPTORS.duplicate(fd)


def dup2(fd, fd2, inheritable=True):
    return DESCRIPTORS.duplicate(fd, fd2)


def pipe():
    return DESCRIPTORS.pipe()


def pipe2(flags, /):
    ends = DESCRIPTORS.pipe()
    for fd in ends:
        _get(fd).blocking = not flags & os.O_NONBLOCK
    return ends


def get_blocking(fd, /):
    return _get(fd).blocking


def set_blocking(fd, blocking, /):
    _get(fd).blocking = bool(blocking)


def get_inheritable(fd, /):
    return _get(fd).inheritable


def set_inheritable(fd, inheritable, /):
    _get(fd).inheritable = bool(inheritable)


def fstatvfs(fd, /):
    _get(fd)
    return file_system()


def device_encoding(fd):
    return None


def fpathconf(fd, name, /):
    _get(fd)
    return _path_limit(name)


def pathconf(path, name):
    TREE.get(path)
    return _path_limit(name)


def lockf(fd, command, length, /):
    _get(fd)


def file_system():
    """Returns the figures of `os.statvfs`: one GiB, of which half is free."""
    blocks = (1 << 30) // BLOCK
    return os.statvfs_result((BLOCK, BLOCK, blocks, blocks // 2, blocks // 2, 65536, 32768, 32768, 0, 255, 1))


def folder_of(dir_fd) -> Folder | None:
    """Returns the open folder that relative paths begin at; None stands for the current folder."""
    if dir_fd is None:
        return None
    node = _get(dir_fd).node
    if not isinstance(node, Folder):
        raise os_error(errno.ENOTDIR)
    return node


def _path_limit(name):
    limits = {"PC_NAME_MAX": 255, "PC_PATH_MAX": 4096, "PC_PIPE_BUF": 4096, "PC_LINK_MAX": 127}
    known = {number: limits[key] for key, number in os.pathconf_names.items() if key in limits} | limits
    if name not in known:
        raise ValueError("unrecognized configuration name") if isinstance(name, str) else os_error(errno.EINVAL)
    return known[name]
