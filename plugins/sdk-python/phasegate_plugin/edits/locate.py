"""Finds lines in a text: exactly, then without regard to white space at their ends, then with a shifted indentation."""

from dataclasses import dataclass

from ..texts import trim, trim_start

# The most lines of an excerpt.
MAX_EXCERPT = 12
# The least similarity of an excerpt, from 0 to 1 for each line.
MIN_SIMILARITY = 0.4


@dataclass(frozen=True)
class Shift:
    """How the indentation of the file differs from that of the text: what the file has more in front of every line,
    or less.
    """

    more: str = ""
    less: str = ""

    def apply(self, line: str) -> str:
        """Returns a line of the text with the indentation of the file."""
        if not trim(line) and self != Shift():
            return ""
        if not self.less:
            return self.more + line
        common = next((at for at, (a, b) in enumerate(zip(line, self.less)) if a != b), min(len(line), len(self.less)))
        return line[common:]


@dataclass(frozen=True)
class Place:
    """A place where the lines were found: the index of the first one."""

    at: int
    shift: Shift = Shift()


def find_places(lines: list[str], wanted: list[str]) -> list[Place]:
    """Returns all places by the strictest comparison that finds one. At least one line must have text, unless the
    comparison is exact.
    """
    if not wanted or len(wanted) > len(lines):
        return []
    starts = range(len(lines) - len(wanted) + 1)
    exact = [Place(at) for at in starts if lines[at] == wanted[0] and lines[at : at + len(wanted)] == wanted]
    if exact or not any(trim(line) for line in wanted):
        return exact
    shifts = [(at, shift_of(lines, at, wanted)) for at in starts]
    loose = [Place(at, shift) for at, shift in shifts if shift is not None]
    return [place for place in loose if place.shift == Shift()] or loose


def shift_of(lines: list[str], at: int, wanted: list[str]) -> Shift | None:
    """Returns the one difference of indentation by which all lines match."""
    found: Shift | None = None
    for offset, wanted_line in enumerate(wanted):
        line = lines[at + offset]
        text = trim(line)
        if text != trim(wanted_line):
            return None
        if not text:
            continue
        here = difference(indent_of(line), indent_of(wanted_line))
        if here is None or found is not None and found != here:
            return None
        found = here
    return found


def difference(indent: str, wanted_indent: str) -> Shift | None:
    if indent.endswith(wanted_indent):
        return Shift(more=indent.removesuffix(wanted_indent))
    if wanted_indent.endswith(indent):
        return Shift(less=wanted_indent.removesuffix(indent))
    return None


def indent_of(line: str) -> str:
    return line[: len(line) - len(trim_start(line))]


def nearest(lines: list[str], wanted: list[str]) -> str | None:
    """Returns the lines that are most similar to those that were not found, with their numbers."""
    start = next((at for at, line in enumerate(wanted) if trim(line)), None)
    if start is None or not lines:
        return None
    wanted = wanted[start : start + MAX_EXCERPT]
    size = min(len(wanted), len(lines))
    scores = [
        sum(similarity(lines[at + offset], wanted[offset]) for offset in range(size))
        for at in range(len(lines) - size + 1)
    ]
    best = max(range(len(scores)), key=scores.__getitem__)
    if scores[best] < MIN_SIMILARITY * size:
        return None
    return "\n".join(f"{at + 1} | {lines[at]}" for at in range(best, best + size))


def similarity(a: str, b: str) -> float:
    """Returns how much of two lines is equal at their start and end, from 0 to 1, without white space around them."""
    a, b = trim(a), trim(b)
    longest, shortest = max(len(a), len(b)), min(len(a), len(b))
    if longest == 0:
        return 0.5
    start = next((at for at in range(shortest) if a[at] != b[at]), shortest)
    rest = shortest - start
    end = next((at for at in range(rest) if a[-1 - at] != b[-1 - at]), rest)
    return (start + end) / longest
