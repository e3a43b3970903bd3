"""What a folder of the memory tree can hold: files, folders, links and devices.

The bytes of a node are read and written by position. Only the owner's permission bits are enforced.
"""

import errno
import os
import stat
from time import time_ns

from .errors import os_error

USER = GROUP = 1000
BLOCK = 4096
_REAL_STAT_RESULT = os.stat_result
# Changes that follow each other have different times, as they have on a real disk.
_TICK_NS = 1_000


class Node:
    """A named thing of the tree. `links` counts the names under which folders hold it."""

    kind = stat.S_IFREG
    device = 0
    seekable = True

    def __init__(self, tree, permissions: int):
        self.tree = tree
        self.inode = tree.next_inode()
        self.mode = self.kind | permissions
        self.links = 0
        self.attributes: dict[str, bytes] = {}
        self.atime_ns = self.mtime_ns = self.ctime_ns = tree.now()

    def touch(self):
        self.mtime_ns = self.ctime_ns = self.tree.now()

    def changed(self):
        self.ctime_ns = self.tree.now()

    def allows(self, bits: int) -> bool:
        """Returns whether the owner has these permissions: 4 reads, 2 writes, 1 executes or enters."""
        return (self.mode >> 6) & bits == bits

    def size(self) -> int:
        return 0

    def stat(self):
        size = self.size()
        times = {"a": self.atime_ns, "m": self.mtime_ns, "c": self.ctime_ns}
        more = {f"st_{k}time": t / 1e9 for k, t in times.items()} | {f"st_{k}time_ns": t for k, t in times.items()}
        more |= {"st_blksize": BLOCK, "st_blocks": -(-size // 512), "st_rdev": self.device}
        whole = (t // 1_000_000_000 for t in times.values())
        return _REAL_STAT_RESULT((self.mode, self.inode, 1, self.links, USER, GROUP, size, *whole), more)


class File(Node):
    """A regular file. While SQLite uses it, `database` has its bytes; a write takes them back."""

    def __init__(self, tree, permissions=0o644, data=b""):
        super().__init__(tree, permissions)
        self._data = bytearray(data)
        self.database = None

    def size(self):
        return len(self._data) if self.database is None else self.database.size()

    def content(self):
        return self._data if self.database is None else self.database.content()

    def read_at(self, position: int, count: int) -> bytes:
        data = self.content()
        return bytes(data[position:] if count < 0 else data[position : position + count])

    def write_at(self, position: int, data) -> int:
        held = self.writable_content()
        try:
            if position > len(held):
                held.extend(bytes(position - len(held)))
            held[position : position + len(data)] = data
        except (MemoryError, OverflowError):
            raise os_error(errno.ENOSPC) from None
        self.touch()
        return len(data)

    def resize(self, size: int):
        held = self.writable_content()
        try:
            del held[size:]
            held.extend(bytes(max(0, size - len(held))))
        except (MemoryError, OverflowError):
            raise os_error(errno.ENOSPC) from None
        self.touch()

    def writable_content(self) -> bytearray:
        if self.database is not None:
            self._data = bytearray(self.database.content())
            self.database.close()
            self.database = None
        return self._data

    def unlinked(self):
        """Frees the database of a file that no folder holds; open connections keep theirs."""
        if self.database is not None and not self.links:
            self.database.close()


class Folder(Node):
    """A folder knows its own place. `parent` is None once it has been removed."""

    kind = stat.S_IFDIR

    def __init__(self, tree, permissions=0o755):
        super().__init__(tree, permissions)
        self.entries: dict[str, Node] = {}
        self.parent: Folder | None = None
        self.name = ""

    def size(self):
        return BLOCK

    def stat(self):
        folders = sum(isinstance(e, Folder) for e in self.entries.values())
        self.links = 2 + folders
        return super().stat()


class Link(Node):
    kind = stat.S_IFLNK

    def __init__(self, tree, target: str):
        super().__init__(tree, 0o777)
        self.target = target

    def size(self):
        return len(os.fsencode(self.target))


class Fifo(Node):
    """A named pipe. Opening one is refused: it would wait for another process."""

    kind = stat.S_IFIFO
    seekable = False


class Device(Node):
    """A character device: `read(count)` and `write(data)` are its behaviour."""

    kind = stat.S_IFCHR

    def __init__(self, tree, device: int, read, write=len, seekable=True):
        super().__init__(tree, 0o666)
        self.device, self._read, self._write, self.seekable = device, read, write, seekable

    def read_at(self, position: int, count: int) -> bytes:
        return self._read(max(count, 0))

    def write_at(self, position: int, data) -> int:
        return self._write(data)

    def resize(self, size: int):
        raise os_error(errno.EINVAL)


def clock():
    """Returns a function for the current time in nanoseconds; two calls never return the same."""
    last = 0

    def now() -> int:
        nonlocal last
        last = max(time_ns(), last + _TICK_NS)
        return last

    return now
