"""A text in lines that remembers its line endings and its byte order mark."""

from copy import copy
from dataclasses import dataclass

MARK = "\ufeff"
LF, CRLF = "\n", "\r\n"


@dataclass
class TextLines:
    """A text that ends with a line break has an empty last line. The ending of the last line is not used."""

    has_mark: bool
    lines: list[str]
    endings: list[str]
    usual: str
    """The ending of new lines."""

    @classmethod
    def parse(cls, text: str) -> "TextLines":
        *ended, last = text.removeprefix(MARK).split("\n")
        endings = [CRLF if line.endswith("\r") else LF for line in ended]
        usual = CRLF if endings.count(CRLF) * 2 > len(endings) else LF
        lines = [line.removesuffix("\r") for line in ended]
        return cls(text.startswith(MARK), [*lines, last], [*endings, usual], usual)

    def with_text(self, text: str) -> "TextLines":
        """Returns a text with the form of this one: its byte order mark, and its usual line ending in every line
        unless the text has carriage returns of its own.
        """
        new = TextLines.parse(text)
        new.has_mark = self.has_mark
        if "\r" not in text:
            new.endings = [self.usual] * len(new.endings)
            new.usual = self.usual
        return new

    def become(self, other: "TextLines") -> None:
        self.has_mark, self.lines, self.endings, self.usual = other.has_mark, other.lines, other.endings, other.usual

    def copy(self) -> "TextLines":
        new = copy(self)
        new.lines, new.endings = list(self.lines), list(self.endings)
        return new

    def is_empty(self) -> bool:
        return self.lines in ([], [""])

    def plain(self) -> str:
        """Returns the text with line feeds alone, without a byte order mark."""
        return "\n".join(self.lines)

    def splice(self, start: int, end: int, new: list[str]) -> None:
        """Replaces lines. Lines that stay at the start and the end of the range keep their endings."""
        end = min(end, len(self.lines))
        start = min(start, end)
        old, old_endings = self.lines[start:end], self.endings[start:end]
        same_start = same_length(old, new)
        most = min(len(old), len(new)) - same_start
        same_end = min(same_length(old[::-1], new[::-1]), most)

        def ending(at: int) -> str:
            if at < same_start or len(old) == len(new):
                return old_endings[at]
            if at + same_end >= len(new):
                return old_endings[at + len(old) - len(new)]
            return self.usual

        self.endings[start:end] = [ending(at) for at in range(len(new))]
        self.lines[start:end] = new
        if not self.lines:
            self.lines, self.endings = [""], [self.usual]

    def replace_span(self, start: int, end: int, text: str) -> None:
        """Replaces a range of characters of `plain`."""
        plain = self.plain()
        first, last = plain.count("\n", 0, start), plain.count("\n", 0, end)
        before = plain[:start].rpartition("\n")[2]
        after = plain[end:].partition("\n")[0]
        self.splice(first, last + 1, (before + text + after).split("\n"))

    def render(self) -> str:
        text = "".join(line + ending for line, ending in zip(self.lines[:-1], self.endings))
        return (MARK if self.has_mark else "") + text + self.lines[-1]


def same_length(a: list[str], b: list[str]) -> int:
    """Returns how many lines at the start are equal."""
    return next((at for at, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def normalize(text: str) -> str:
    """Returns a text as models write it, with line feeds alone and without a byte order mark."""
    return text.removeprefix(MARK).replace("\r\n", "\n")
