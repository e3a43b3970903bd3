"""A tree of files and folders in memory, addressed by absolute paths. Errors are OSErrors with the usual errno.

There are no links, no owners and no devices except /dev/null. Only the owner's permission bits are enforced.
"""

import errno
import os
import stat
import time

from .. import project

_REAL_STAT_RESULT = os.stat_result


def os_error(number: int, path=None) -> OSError:
    return OSError(number, os.strerror(number), path)


class Node:
    def __init__(self, tree, mode: int):
        tree.node_count += 1
        self.inode, self.mode, self.mtime_ns = tree.node_count, mode, time.time_ns()

    def touch(self):
        self.mtime_ns = time.time_ns()

    def stat(self):
        seconds = self.mtime_ns / 1e9
        whole = self.mtime_ns // 1_000_000_000
        more = {f"st_{k}time": seconds for k in "amc"} | {f"st_{k}time_ns": self.mtime_ns for k in "amc"}
        return _REAL_STAT_RESULT((self.mode, self.inode, 1, 1, 0, 0, self.size(), whole, whole, whole), more)


class File(Node):
    def __init__(self, tree, mode=0o644, data=b""):
        super().__init__(tree, stat.S_IFREG | mode)
        self.data = bytearray(data)

    def size(self):
        return len(self.data)


class Null(Node):
    """/dev/null: discards writes; reads return no data."""

    def __init__(self, tree):
        super().__init__(tree, stat.S_IFCHR | 0o666)
        self.data = bytearray()

    def size(self):
        return 0


class Folder(Node):
    def __init__(self, tree, mode=0o755):
        super().__init__(tree, stat.S_IFDIR | mode)
        self.entries: dict[str, Node] = {}

    def size(self):
        return 0


class Tree:
    def __init__(self, files: dict[str, str]):
        self.node_count = 0
        self.cwd = project.FOLDER
        self.root = Folder(self)
        for folder in ("/tmp", "/dev", "/home", "/home/sandbox", project.FOLDER):
            self.add(folder, Folder(self))
        self.add("/dev/null", Null(self))
        for path, content in files.items():
            self._add_file(path, content)

    def _add_file(self, path: str, content: str):
        at = project.FOLDER
        for part in path.split("/")[:-1]:
            at = f"{at}/{part}"
            if self.find(at) is None:
                self.add(at, Folder(self))
        if isinstance(self.find(at), Folder):
            self.add(project.absolute(path), File(self, data=content.encode("utf-8", "surrogatepass")))

    def absolute(self, path) -> str:
        path = os.fsdecode(path)
        if "\0" in path:
            raise ValueError("embedded null byte")
        if not path:
            raise os_error(errno.ENOENT, path)
        parts: list[str] = []
        for part in (path if path.startswith("/") else f"{self.cwd}/{path}").split("/"):
            if part == "..":
                parts = parts[:-1]
            elif part not in ("", "."):
                parts.append(part)
        return "/" + "/".join(parts)

    def find(self, path) -> Node | None:
        node = self.root
        for part in self.absolute(path).split("/")[1:]:
            if part:
                node = node.entries.get(part) if isinstance(node, Folder) else None
        return node

    def get(self, path) -> Node:
        node = self.find(path)
        if node is None:
            raise os_error(self._missing_errno(path), path)
        if os.fsdecode(path).endswith("/") and not isinstance(node, Folder):
            raise os_error(errno.ENOTDIR, path)
        return node

    def _missing_errno(self, path) -> int:
        above = self.absolute(path).rpartition("/")[0]
        while above:
            node = self.find(above)
            if node is not None:
                return errno.ENOENT if isinstance(node, Folder) else errno.ENOTDIR
            above = above.rpartition("/")[0]
        return errno.ENOENT

    def folder(self, path) -> Folder:
        node = self.get(path)
        if not isinstance(node, Folder):
            raise os_error(errno.ENOTDIR, path)
        return node

    def parent(self, path) -> tuple[Folder, str]:
        """Returns the parent folder of this path and the last name; raises if the folder is not writable."""
        above, _, name = self.absolute(path).rpartition("/")
        try:
            folder = self.folder(above or "/")
        except OSError as e:
            raise os_error(e.errno, path) from None
        if not name:
            raise os_error(errno.EBUSY, path)
        if not folder.mode & 0o200:
            raise os_error(errno.EACCES, path)
        return folder, name

    def add(self, path, node: Node):
        folder, name = self.parent(path)
        if name in folder.entries:
            raise os_error(errno.EEXIST, path)
        folder.entries[name] = node
        folder.touch()

    def remove(self, path):
        folder, name = self.parent(path)
        del folder.entries[name]
        folder.touch()

    def move(self, source, target):
        node = self.get(source)
        existing = self.find(target)
        if isinstance(node, Folder) and f"{self.absolute(target)}/".startswith(f"{self.absolute(source)}/"):
            if node is existing:
                return
            raise os_error(errno.EINVAL, source)
        if existing is not None and existing is not node:
            if isinstance(existing, Folder) and not isinstance(node, Folder):
                raise os_error(errno.EISDIR, target)
            if isinstance(node, Folder) and not isinstance(existing, Folder):
                raise os_error(errno.ENOTDIR, target)
            if isinstance(existing, Folder) and existing.entries:
                raise os_error(errno.ENOTEMPTY, target)
        folder, name = self.parent(target)
        self.remove(source)
        folder.entries[name] = node
        folder.touch()
