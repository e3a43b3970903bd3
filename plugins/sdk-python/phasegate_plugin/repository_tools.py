"""Tools for models: list, read and search the files of the repository."""

from dataclasses import dataclass
from typing import Any, TypeVar

from . import host
from .artifacts import RepositoryMap
from .json_text import compact
from .records import read
from .texts import lines_of, size, trim, trim_end
from .tools import ToolError
from .types import ArtifactError, RepositoryFile, Tool

T = TypeVar("T")
# The most files that are listed one by one; more are counted by folder.
MAX_LISTED = 200
# The most bytes of one result, below the limit of the conversation.
MAX_BYTES = 15_000
MAX_LINE_CHARS = 1_000
MAX_SUGGESTED = 5
TOOLS = [
    Tool(
        "list_files",
        "Lists the files of the repository below a folder, with their sizes.",
        '{"type":"object","properties":{"folder":{"type":"string","description":"Relative path; empty for the whole '
        'repository"}},"required":["folder"],"additionalProperties":false}',
    ),
    Tool(
        "read_file",
        "Returns the lines of a file, each after its number and a bar, which are not part of the file.",
        '{"type":"object","properties":{"path":{"type":"string","description":"Relative path of the file"},"from_line":'
        '{"type":"integer","minimum":1,"description":"First line; default: 1"},"to_line":{"type":"integer","minimum":1,'
        '"description":"Last line; default: the last one of the file"}},"required":["path"],'
        '"additionalProperties":false}',
    ),
    Tool(
        "search_text",
        "Returns the lines that contain a text, as path:line: text. Case is ignored; patterns are not supported.",
        '{"type":"object","properties":{"text":{"type":"string","minLength":1,"description":"Text within one line"},'
        '"folder":{"type":"string","description":"Relative path of a folder; default: the whole repository"}},'
        '"required":["text"],"additionalProperties":false}',
    ),
]


@dataclass
class ListFiles:
    folder: str = ""


@dataclass
class ReadFile:
    path: str
    from_line: Any = None
    to_line: Any = None

    def __post_init__(self) -> None:
        self.from_line, self.to_line = line_number(self.from_line), line_number(self.to_line)


@dataclass
class SearchText:
    text: str
    folder: str = ""


class RepositoryTools:
    """`list_files`, `read_file` and `search_text` on the run's repository."""

    def __init__(self, map: RepositoryMap):
        self._map = map

    def tools(self) -> list[Tool]:
        return TOOLS

    def call(self, name: str, arguments: dict[str, Any]) -> str:
        if name == "list_files":
            return self._list_files(parse(name, ListFiles, arguments))
        if name == "read_file":
            return self._read_file(parse(name, ReadFile, arguments))
        return self._search_text(parse(name, SearchText, arguments))

    def _list_files(self, wanted: ListFiles) -> str:
        folder = clean(wanted.folder)
        try:
            listed = host.current().list_files(folder)
        except ArtifactError as error:
            raise ToolError(error.why) from None
        if not listed.files:
            raise ToolError(f"there is no file below `{folder}`{self._suggestions(folder)}")
        if len(listed.files) > MAX_LISTED:
            text = render_by_folder(folder, listed.files)
        else:
            text = "".join(map(render_file, listed.files))
        if listed.left_out > 0:
            text += f"{listed.left_out} more files are not counted here: list a folder below.\n"
        return text

    def _read_file(self, wanted: ReadFile) -> str:
        path = clean(wanted.path)
        try:
            content = host.current().read(f"repository/{path}")
        except ArtifactError as error:
            more = self._suggestions(path) if error.kind == "unknown" else ""
            raise ToolError(error.why + more) from None
        if b"\0" in content:
            raise ToolError(f"`{path}` is not text ({len(content)} bytes)")
        text = content.decode(errors="replace")
        lines = lines_of(text)
        if not lines:
            return f"{path}: empty\n"
        first = max(wanted.from_line or 1, 1)
        last = len(lines) if wanted.to_line is None else min(wanted.to_line, len(lines))
        if first > last:
            raise ToolError(f"`{path}` has no lines from {first} to {last}; its last line is {len(lines)}")
        shown, end = number_lines(lines, first, last)
        rest = f"; the result is full: read on from line {end + 1}" if end < last else ""
        foreign = "" if text.encode() == content else "; not UTF-8, cannot be edited"
        return f"{path}: lines {first} to {end} of {len(lines)}{rest}{foreign}\n----\n{shown}"

    def _search_text(self, wanted: SearchText) -> str:
        if not trim(wanted.text):
            raise ToolError("`text` is empty")
        try:
            found = host.current().search_text(wanted.text, clean(wanted.folder))
        except ArtifactError as error:
            raise ToolError(error.why) from None
        if not found.matches:
            return f"no line contains `{wanted.text}`\n"
        shown, taken, is_cut = "", 0, found.incomplete
        for hit in found.matches:
            line = f"{hit.path}:{hit.line}: {shorten(trim_end(hit.text))}\n"
            taken += size(line)
            if taken > MAX_BYTES:
                is_cut = True
                break
            shown += line
        return shown + ("There are more: search for a longer text or in a folder.\n" if is_cut else "")

    def _suggestions(self, path: str) -> str:
        """Names files of the map with the same name as a path that does not exist."""
        same = [f"`{file.path}`" for file in self._map.paths if name_of(file.path) == name_of(path)]
        return f"; files of this name: {', '.join(same[:MAX_SUGGESTED])}" if same else ""


def parse(name: str, kind: type[T], arguments: dict[str, Any]) -> T:
    try:
        return read(kind, arguments)
    except ValueError as fault:
        raise ToolError(f"the arguments of `{name}` are invalid: {fault}") from None


def number_lines(lines: list[str], first: int, last: int) -> tuple[str, int]:
    """Returns numbered lines within the limit, and the number of the last one shown."""
    width = len(str(last))
    shown: list[str] = []
    taken = 0
    for number, line in enumerate(lines[first - 1 : last], first):
        numbered = f"{number:>{width}} | {shorten(line)}\n"
        taken += size(numbered)
        if taken > MAX_BYTES:
            break
        shown.append(numbered)
    return "".join(shown), first - 1 + len(shown)


def line_number(value: Any) -> int | None:
    """Reads a line number, which some models give as text."""
    if value is None or isinstance(value, str) and not trim(value):
        return None
    text = trim(value) if isinstance(value, str) else compact(value)
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"`{text}` is not a line number")
    return int(digits)


def clean(path: str) -> str:
    """Returns a path as the host knows it: without `./` or `/` in front and `/` at the end."""
    path = trim(path).removeprefix("./").strip("/")
    return "" if path == "." else path


def name_of(path: str) -> str:
    return path.rpartition("/")[2].lower()


def render_file(file: RepositoryFile) -> str:
    kind = "" if file.kind == "text" else f", {file.kind}"
    return f"{file.path} ({file.size} bytes{kind})\n"


def render_by_folder(folder: str, files: list[RepositoryFile]) -> str:
    """Renders the files directly in the folder, and one line for each folder below it."""
    start = f"{folder}/" if folder else ""
    direct: list[RepositoryFile] = []
    below: dict[str, int] = {}
    for file in files:
        inside, is_below, _ = file.path.removeprefix(start).partition("/")
        if is_below:
            below[inside] = below.get(inside, 0) + 1
        else:
            direct.append(file)
    text = "".join(map(render_file, direct[:MAX_LISTED]))
    if len(direct) > MAX_LISTED:
        text += f"{len(direct) - MAX_LISTED} more files in this folder: use search_text to find one.\n"
    for inside, count in sorted(below.items()):
        text += f"{start}{inside}/ ({count} {'file' if count == 1 else 'files'})\n"
    return text


def shorten(line: str) -> str:
    return line if len(line) <= MAX_LINE_CHARS else line[:MAX_LINE_CHARS] + "… (line cut here)"
