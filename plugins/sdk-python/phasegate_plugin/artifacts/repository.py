"""The host's map of the run's repository."""

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Definition:
    """A definition in a file, for example a `function` or `class`."""

    name: str
    kind: str
    line: int


@dataclass(kw_only=True)
class MappedFile:
    path: str
    size: int
    kind: str | None = field(default=None, metadata={"spare": True})
    """`binary`, `symlink`, `submodule` or `lfs`; absent for text."""
    language: str | None = field(default=None, metadata={"spare": True})
    definitions: list[Definition] = field(default_factory=list, metadata={"spare": True})


@dataclass(kw_only=True)
class RepositoryMap:
    """The files of the repository, the most relevant first, within a budget of tokens."""

    commit: str
    tree: str
    files: int
    """Number of all files."""
    text_bytes: int
    """Size of all text files together."""
    languages: dict[str, int] = field(default_factory=dict)
    paths: list[MappedFile] = field(default_factory=list)
    left_out: int = 0
    notes: list[str] = field(default_factory=list)
