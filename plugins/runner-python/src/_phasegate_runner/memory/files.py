"""Open files in the memory tree, their descriptors, and a replacement for `open`."""

import errno
import io
import os

from .tree import File, Folder, Null, Tree, os_error

_FIRST_DESCRIPTOR = 1000


class OpenFile:
    """An open file: its node, its position and the allowed access."""

    def __init__(self, node, reads, writes, appends, name):
        self.node, self.reads, self.writes, self.appends, self.name = node, reads, writes, appends, name
        self.position = 0

    def read(self, count: int) -> bytes:
        if not self.reads:
            raise os_error(errno.EBADF)
        data = bytes(self.node.data[self.position : self.position + count])
        self.position += len(data)
        return data

    def write(self, data) -> int:
        if not self.writes:
            raise os_error(errno.EBADF)
        if isinstance(self.node, Null):
            return len(data)
        held = self.node.data
        if self.appends:
            self.position = len(held)
        if self.position > len(held):
            held.extend(bytes(self.position - len(held)))
        held[self.position : self.position + len(data)] = data
        self.position += len(data)
        self.node.touch()
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        base = (0, self.position, len(self.node.data))[whence]
        if base + offset < 0:
            raise os_error(errno.EINVAL)
        self.position = base + offset
        return self.position

    def truncate(self, size: int):
        if not self.writes:
            raise os_error(errno.EBADF)
        held = self.node.data
        del held[size:]
        held.extend(bytes(max(0, size - len(held))))
        self.node.touch()


class Descriptors:
    def __init__(self, tree: Tree):
        self.tree = tree
        self.open_files: dict[int, OpenFile] = {}
        self.next = _FIRST_DESCRIPTOR

    def has(self, fd) -> bool:
        return isinstance(fd, int) and fd >= _FIRST_DESCRIPTOR

    def get(self, fd: int) -> OpenFile:
        try:
            return self.open_files[fd]
        except KeyError:
            raise os_error(errno.EBADF) from None

    def open(self, path, flags: int, mode: int = 0o777) -> int:
        tree = self.tree
        access = flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
        reads, writes = access != os.O_WRONLY, access != os.O_RDONLY
        node = tree.find(path)
        if node is None:
            if not flags & os.O_CREAT:
                tree.get(path)
            node = File(tree, mode & 0o755)
            tree.add(path, node)
        elif flags & os.O_CREAT and flags & os.O_EXCL:
            raise os_error(errno.EEXIST, path)
        elif isinstance(node, Folder):
            raise os_error(errno.EISDIR, path)
        elif (reads and not node.mode & 0o400) or (writes and not node.mode & 0o200):
            raise os_error(errno.EACCES, path)
        if flags & os.O_TRUNC and writes:
            node.data.clear()
            node.touch()
        self.next += 1
        self.open_files[self.next] = OpenFile(node, reads, writes, bool(flags & os.O_APPEND), path)
        return self.next

    def close(self, fd: int):
        self.get(fd)
        del self.open_files[fd]


class MemoryFile(io.RawIOBase):
    def __init__(self, descriptors: Descriptors, fd: int, name, mode: str, closefd: bool):
        self._descriptors, self._fd, self._closefd = descriptors, fd, closefd
        self._description = descriptors.get(fd)
        self.name, self.mode = name, mode

    def fileno(self):
        self._check()
        return self._fd

    def readable(self):
        self._check()
        return self._description.reads

    def writable(self):
        self._check()
        return self._description.writes

    def seekable(self):
        self._check()
        return True

    def readinto(self, buffer):
        self._check()
        data = self._description.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data):
        self._check()
        return self._description.write(bytes(data))

    def seek(self, offset, whence=0):
        self._check()
        return self._description.seek(offset, whence)

    def truncate(self, size=None):
        self._check()
        size = self._description.position if size is None else size
        self._description.truncate(size)
        return size

    def close(self):
        if not self.closed and self._closefd and self._fd in self._descriptors.open_files:
            self._descriptors.close(self._fd)
        super().close()

    def _check(self):
        if self.closed:
            raise ValueError("I/O operation on closed file")


_FLAGS = {
    "r": os.O_RDONLY,
    "w": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    "a": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    "x": os.O_WRONLY | os.O_CREAT | os.O_EXCL,
}


def make_open(descriptors: Descriptors, real_open):
    def open(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None):
        if isinstance(file, int) and not descriptors.has(file):
            return real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
        binary = "b" in mode
        plain = mode.replace("b", "").replace("t", "").replace("+", "")
        if plain not in _FLAGS or ("b" in mode and "t" in mode) or len(set(mode)) != len(mode):
            raise ValueError(f"invalid mode: {mode!r}")
        if binary and (encoding or errors or newline is not None):
            raise ValueError("binary mode takes no encoding, errors or newline argument")
        if buffering == 0 and not binary:
            raise ValueError("can't have unbuffered text I/O")
        flags = _FLAGS[plain]
        if "+" in mode:
            flags = flags & ~os.O_WRONLY & ~os.O_RDONLY | os.O_RDWR
        name = file
        if not isinstance(file, int):
            name = os.fspath(file)
            file = opener(name, flags) if opener else descriptors.open(name, flags, 0o644)
        raw = MemoryFile(descriptors, file, name, f"{plain}b{'+' if '+' in mode else ''}", closefd)
        if plain == "a":
            raw.seek(0, 2)
        if buffering == 0:
            return raw
        size = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
        if "+" in mode:
            buffer = io.BufferedRandom(raw, size)
        else:
            buffer = (io.BufferedReader if plain == "r" else io.BufferedWriter)(raw, size)
        if binary:
            return buffer
        if encoding in (None, "locale"):
            encoding = "utf-8"
        text = io.TextIOWrapper(buffer, encoding, errors, newline, line_buffering=buffering == 1)
        text.mode = mode
        return text

    return open
