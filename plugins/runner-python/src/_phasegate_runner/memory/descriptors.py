"""Open files and the table of their descriptors. A file that was opened stays readable when its name is removed."""

import errno
import os

from .errors import os_error
from .nodes import Fifo, File, Folder, Link
from .tree import Tree

PIPE_WAIT = "deadlock: the pipe is empty and its write end is open, so this read waits for another process or thread"
FIFO_WAIT = "opening a named pipe waits for another process, and the test sandbox has none"

_MOST_DESCRIPTORS = 1024


class OpenFile:
    """An open file with its position and the allowed access. Duplicated descriptors share one."""

    def __init__(self, node, reads: bool, writes: bool, appends: bool, name):
        self.node, self.reads, self.writes, self.appends, self.name = node, reads, writes, appends, name
        self.position = 0
        self.users = 0
        self.blocking = True
        self.inheritable = False
        self.seekable = node.seekable

    def read(self, count: int) -> bytes:
        """Returns at most `count` bytes from the position on; all that is left if `count` is negative."""
        if not self.reads:
            raise os_error(errno.EBADF)
        if isinstance(self.node, Folder):
            raise os_error(errno.EISDIR)
        data = self.node.read_at(self.position, count)
        self.position += len(data)
        return data

    def write(self, data) -> int:
        if not self.writes:
            raise os_error(errno.EBADF)
        if self.appends:
            self.position = self.node.size()
        written = self.node.write_at(self.position, data)
        self.position += written
        return written

    def read_at(self, position: int, count: int) -> bytes:
        if not self.reads:
            raise os_error(errno.EBADF)
        return self._seekable_node().read_at(position, count)

    def write_at(self, position: int, data) -> int:
        if not self.writes:
            raise os_error(errno.EBADF)
        return self._seekable_node().write_at(position, data)

    def seek(self, offset: int, whence: int) -> int:
        node = self._seekable_node()
        if whence not in (os.SEEK_SET, os.SEEK_CUR, os.SEEK_END):
            raise os_error(errno.EINVAL)
        position = (0, self.position, node.size())[whence] + offset
        if position < 0:
            raise os_error(errno.EINVAL)
        self.position = position
        return position

    def truncate(self, size: int):
        if not self.writes or size < 0:
            raise os_error(errno.EINVAL)
        self.node.resize(size)

    def stat(self):
        return self.node.stat()

    def closed(self):
        """Is called when the last descriptor of this open file is closed."""

    def _seekable_node(self):
        if not self.seekable:
            raise os_error(errno.ESPIPE)
        return self.node


class Pipe(Fifo):
    """The bytes between two ends. Without other processes a read of an open, empty pipe could never end."""

    def __init__(self, tree):
        super().__init__(tree, 0o600)
        self.data = bytearray()
        self.readers = self.writers = 1


class PipeEnd(OpenFile):
    def __init__(self, pipe: Pipe, reads: bool):
        super().__init__(pipe, reads, not reads, False, None)

    def read(self, count):
        if not self.reads:
            raise os_error(errno.EBADF)
        held = self.node.data
        if not held and count and self.node.writers:
            if not self.blocking:
                raise os_error(errno.EAGAIN)
            raise RuntimeError(PIPE_WAIT)
        count = len(held) if count < 0 else count
        data = bytes(held[:count])
        del held[:count]
        return data

    def write(self, data):
        if not self.writes:
            raise os_error(errno.EBADF)
        if not self.node.readers:
            raise os_error(errno.EPIPE)
        self.node.data += data
        return len(data)

    def truncate(self, size):
        raise os_error(errno.EINVAL)

    def closed(self):
        if self.reads:
            self.node.readers -= 1
        else:
            self.node.writers -= 1


class Descriptors:
    """Numbers of open files. `reset` opens 0, 1 and 2 on the tree's standard streams."""

    def __init__(self, tree: Tree):
        self.tree = tree
        self.table: dict[int, OpenFile] = {}

    def reset(self):
        self.table.clear()
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            node = self.tree.get(f"/dev/{name}")
            self.take(OpenFile(node, number == 0, number > 0, False, f"<{name}>"))

    def get(self, fd: int) -> OpenFile:
        try:
            return self.table[fd]
        except KeyError:
            raise os_error(errno.EBADF) from None

    def take(self, opened: OpenFile, number: int | None = None) -> int:
        """Gives an open file the lowest free number, or this one."""
        if number is None:
            number = next(n for n in range(len(self.table) + 1) if n not in self.table)
            if number >= _MOST_DESCRIPTORS:
                raise os_error(errno.EMFILE)
        opened.users += 1
        self.table[number] = opened
        return number

    def close(self, fd: int):
        opened = self.get(fd)
        del self.table[fd]
        opened.users -= 1
        if not opened.users:
            opened.closed()

    def open(self, path, flags: int, mode: int = 0o777, *, base=None) -> int:
        access = flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
        reads, writes = access != os.O_WRONLY, access != os.O_RDONLY
        node = self._node_to_open(path, flags, mode, reads, writes, base)
        if flags & os.O_TRUNC and writes and isinstance(node, File):
            node.resize(0)
        return self.take(OpenFile(node, reads, writes, bool(flags & os.O_APPEND), path))

    def _node_to_open(self, path, flags, mode, reads, writes, base):
        exclusive = flags & os.O_CREAT and flags & os.O_EXCL
        follow = not exclusive and not flags & os.O_NOFOLLOW
        place = self.tree.look(path, follow=follow, base=base)
        node = place.node
        if node is None:
            if not flags & os.O_CREAT:
                raise os_error(errno.ENOENT, path)
            if os.fsdecode(path).endswith("/"):
                raise os_error(errno.EISDIR, path)
            node = File(self.tree, mode & ~self.tree.umask & 0o7777)
            self.tree.add(place, node, path)
            return node
        if exclusive:
            raise os_error(errno.EEXIST, path)
        if isinstance(node, Link):
            raise os_error(errno.ELOOP, path)
        if isinstance(node, Folder) and (writes or flags & os.O_CREAT):
            raise os_error(errno.EISDIR, path)
        if flags & os.O_DIRECTORY and not isinstance(node, Folder):
            raise os_error(errno.ENOTDIR, path)
        if isinstance(node, Fifo):
            raise RuntimeError(FIFO_WAIT)
        if not node.allows((4 if reads else 0) | (2 if writes else 0)):
            raise os_error(errno.EACCES, path)
        return node

    def pipe(self) -> tuple[int, int]:
        pipe = Pipe(self.tree)
        return self.take(PipeEnd(pipe, True)), self.take(PipeEnd(pipe, False))

    def duplicate(self, fd: int, number: int | None = None) -> int:
        opened = self.get(fd)
        if number is None:
            return self.take(opened)
        if number < 0:
            raise os_error(errno.EBADF)
        if number != fd:
            if number in self.table:
                self.close(number)
            self.take(opened, number)
        return number


