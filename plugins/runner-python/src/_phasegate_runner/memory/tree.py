"""The memory tree: names and links lead to nodes as on a POSIX system. Errors are OSErrors with the usual errno."""

import errno
import os
from dataclasses import dataclass

from .. import project
from .errors import os_error
from .nodes import File, Folder, Link, Node, clock

_FOLLOWED_LINKS = 40
_NAME_BYTES = 255
_PATH_BYTES = 4096


@dataclass
class Place:
    """Where a path leads: a folder, a name in it ("" if the path ends in the folder itself), and what is there."""

    folder: Folder
    name: str
    node: Node | None


class Tree:
    """Call `reset` before the first use and for each new set of files."""

    def reset(self, files: dict[str, str], devices=lambda tree: {}):
        """Replaces all content: these files (relative path to text) below the project's folder, and the devices."""
        self._inode = 0
        self.now = clock()
        self.root = Folder(self)
        self.root.parent = self.root
        self.cwd = self.root
        self.umask = 0o022
        for path in ("/tmp", "/dev", project.FOLDER):
            self.make_folders(path)
        self.root.entries["tmp"].mode |= 0o1777
        for name, node in devices(self).items():
            self.add(self.look(f"/dev/{name}"), node)
        self.root.entries["dev"].mode &= ~0o222
        # `platform` reads the program that runs.
        self.make_folders(os.path.dirname(project.EXECUTABLE))
        self.add(self.look(project.EXECUTABLE), File(self, 0o755, b"\x7fELF"))
        for path, content in files.items():
            self._add_file(project.absolute(path), content)
        self.cwd = self.folder(project.FOLDER)

    def next_inode(self) -> int:
        self._inode += 1
        return self._inode

    def make_folders(self, path: str):
        at = ""
        for part in path.split("/")[1:]:
            at = f"{at}/{part}"
            place = self.look(at)
            if place.node is None:
                self.add(place, Folder(self))

    def _add_file(self, path: str, content: str):
        try:
            self.make_folders(os.path.dirname(path))
        except OSError:
            # A file and a folder have the same path; the first one stays.
            return
        place = self.look(path)
        if place.node is None:
            self.add(place, File(self, data=content.encode("utf-8", "surrogatepass")))

    def look(self, path, *, follow=True, base: Folder | None = None) -> Place:
        """Follows a path. Raises if a folder on the way is missing; a missing last name gives a place without node."""
        text = _text_of(path)
        rest = _parts(text)
        folder, name = self.root if text.startswith("/") else base or self.cwd, ""
        at: Node = folder
        followed = 0
        is_folder_path = text.endswith(("/", "/.")) or text == "."
        while rest:
            part = rest.pop()
            if not isinstance(at, Folder):
                raise os_error(errno.ENOTDIR, path)
            if not at.allows(1):
                raise os_error(errno.EACCES, path)
            if part == "..":
                folder, name = at.parent or at, ""
                at = folder
                continue
            if len(os.fsencode(part)) > _NAME_BYTES:
                raise os_error(errno.ENAMETOOLONG, path)
            node = at.entries.get(part)
            if node is None:
                if rest or at.parent is None:
                    raise os_error(errno.ENOENT, path)
                return Place(at, part, None)
            if isinstance(node, Link) and (rest or follow or is_folder_path):
                followed += 1
                if followed > _FOLLOWED_LINKS:
                    raise os_error(errno.ELOOP, path)
                if node.target.startswith("/"):
                    at = self.root
                folder, name = at, ""
                rest += _parts(node.target)
                continue
            folder, name, at = at, part, node
        if is_folder_path and not isinstance(at, Folder):
            raise os_error(errno.ENOTDIR, path)
        return Place(folder, name, at)

    def find(self, path, *, follow=True, base=None) -> Node | None:
        """Returns what is at a path, or None for every reason why nothing is found."""
        try:
            return self.look(path, follow=follow, base=base).node
        except OSError:
            return None

    def get(self, path, *, follow=True, base=None) -> Node:
        node = self.look(path, follow=follow, base=base).node
        if node is None:
            raise os_error(errno.ENOENT, path)
        return node

    def folder(self, path, *, base=None) -> Folder:
        node = self.get(path, base=base)
        if not isinstance(node, Folder):
            raise os_error(errno.ENOTDIR, path)
        return node

    def path_of(self, folder: Folder) -> str:
        """Returns the absolute path of a folder; raises if it has been removed."""
        names = []
        while folder is not self.root:
            if folder.parent is None:
                raise os_error(errno.ENOENT)
            names.append(folder.name)
            folder = folder.parent
        return "/" + "/".join(reversed(names))

    def absolute(self, path) -> str:
        """Returns the path of an existing or missing name without links on the way."""
        place = self.look(path)
        above = self.path_of(place.folder)
        return f"{above.rstrip('/')}/{place.name}" if place.name else above

    def add(self, place: Place, node: Node, path=None):
        """Gives a node a name. Raises if the name is taken or the folder is read-only."""
        if place.node is not None:
            raise os_error(errno.EEXIST, path)
        self._check_writable(place, path)
        self._put(place, node)

    def remove(self, place: Place, path=None):
        self._check_writable(place, path)
        node = place.folder.entries.pop(place.name)
        place.folder.touch()
        node.links -= 1
        node.changed()
        if isinstance(node, Folder):
            node.parent = None
        elif isinstance(node, File):
            node.unlinked()

    def move(self, source, target, source_base=None, target_base=None):
        try:
            old = self.look(source, follow=False, base=source_base)
            new = self.look(target, follow=False, base=target_base)
            if old.node is None:
                raise os_error(errno.ENOENT)
            if old.node is new.node:
                return
            self._check_move(old, new)
            self._check_writable(old, source)
            self._check_writable(new, target)
        except OSError as e:
            raise os_error(e.errno, source, target) from None
        if new.node is not None:
            self.remove(new)
        del old.folder.entries[old.name]
        old.folder.touch()
        old.node.links -= 1
        self._put(new, old.node)
        old.node.changed()

    def _check_move(self, old: Place, new: Place):
        if isinstance(old.node, Folder):
            above: Folder | None = new.folder
            while above is not None and above is not self.root:
                if above is old.node:
                    raise os_error(errno.EINVAL)
                above = above.parent
            if new.node is not None and not isinstance(new.node, Folder):
                raise os_error(errno.ENOTDIR)
        elif isinstance(new.node, Folder):
            raise os_error(errno.EISDIR)
        if isinstance(new.node, Folder) and new.node.entries:
            raise os_error(errno.ENOTEMPTY)

    def _check_writable(self, place: Place, path):
        if not place.name:
            raise os_error(errno.EBUSY, path)
        if not place.folder.allows(3):
            raise os_error(errno.EACCES, path)

    def _put(self, place: Place, node: Node):
        place.folder.entries[place.name] = node
        place.folder.touch()
        node.links += 1
        if isinstance(node, Folder):
            node.parent, node.name = place.folder, place.name


def _text_of(path) -> str:
    text = os.fsdecode(path)
    if "\0" in text:
        raise ValueError("embedded null byte")
    if not text:
        raise os_error(errno.ENOENT, path)
    if len(text) > _PATH_BYTES:
        raise os_error(errno.ENAMETOOLONG, path)
    return text


def _parts(text: str) -> list[str]:
    """Returns the names of a path, last one first."""
    return [part for part in reversed(text.split("/")) if part not in ("", ".")]
