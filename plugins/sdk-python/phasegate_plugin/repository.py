"""The run's repository: the host's map of it, and its files as they were before the run, read on demand.

A small repository can be given to a model whole; for a larger one, `Repository.tools` lets the model read what it
needs. Paths are relative to the repository, with `/` separators. Reads fail where the phase may not read
`repository/*`.
"""

from dataclasses import dataclass

from . import host
from .artifacts import RepositoryMap
from .repository_tools import RepositoryTools
from .types import ArtifactError, Failure
from .work import Work

MAP = "repository_map"
# As budgets count.
BYTES_PER_TOKEN = 4


@dataclass
class WholeFile:
    """A file of a repository that is given whole. `text` is there if the file is UTF-8 text."""

    path: str
    size: int
    kind: str
    text: str | None


class Repository:
    """The repository that a run starts from. `map` lists its most relevant files."""

    def __init__(self, map: RepositoryMap):
        self.map = map

    @classmethod
    def open(cls, work: Work) -> "Repository | None":
        """Reads the map. `None` if the phase does not read `repository_map` or the run has no repository."""
        found = work.optional_record(MAP, RepositoryMap)
        return None if found is None else cls(found)

    def read(self, path: str) -> bytes:
        """Returns the content of a file. Errors are those of the contract: a file that does not exist is `unknown`."""
        return host.current().read(f"repository/{path}")

    def text(self, path: str) -> str | None:
        """Returns the text of a file. `None` if it does not exist, cannot be read, or is not UTF-8 text."""
        try:
            text = self.read(path).decode()
        except (ArtifactError, UnicodeDecodeError):
            return None
        return None if "\0" in text else text

    def contains(self, path: str) -> bool:
        """Returns whether a file of this path exists, also one that cannot be read, for example a symlink."""
        return any(file.path == path for file in self.map.paths) or is_listed(path) or self._can_read(path)

    def _can_read(self, path: str) -> bool:
        try:
            self.read(path)
        except ArtifactError:
            return False
        return True

    def whole(self, tokens: int) -> list[WholeFile] | None:
        """Returns all files with their texts, sorted by path, if the texts together take at most this many tokens of
        four bytes.
        """
        most = tokens * BYTES_PER_TOKEN
        if self.map.text_bytes > most:
            return None
        try:
            listed = host.current().list_files("")
        except ArtifactError as error:
            raise unreadable("the list of files", error) from None
        if listed.left_out > 0:
            return None
        contents = {file.path: self._content(file.path) for file in listed.files if file.kind == "text"}
        if sum(map(len, contents.values())) > most:
            return None
        return [WholeFile(file.path, file.size, file.kind, decoded(contents.get(file.path))) for file in listed.files]

    def _content(self, path: str) -> bytes:
        try:
            return self.read(path)
        except ArtifactError as error:
            raise unreadable(f"`{path}`", error) from None

    def tools(self) -> RepositoryTools:
        """Returns functions that let a model list, read and search the files."""
        return RepositoryTools(self.map)


def is_listed(path: str) -> bool:
    try:
        listed = host.current().list_files(path.rpartition("/")[0])
    except ArtifactError:
        return False
    return any(file.path == path for file in listed.files)


def decoded(content: bytes | None) -> str | None:
    try:
        return None if content is None else content.decode()
    except UnicodeDecodeError:
        return None


def unreadable(what: str, error: ArtifactError) -> Failure:
    return Failure(f"{what} of the repository cannot be read: {error.why}")
