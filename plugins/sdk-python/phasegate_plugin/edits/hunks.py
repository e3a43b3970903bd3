"""Reads and applies a unified diff of one file, also one whose line numbers and counts are wrong, as those of models
are.
"""

import re
from dataclasses import dataclass, field

from ..texts import lines_of
from .change import EditFaults, Misfit, ambiguous, no_change, not_found
from .lines import TextLines, normalize
from .locate import Place, find_places, nearest

RANGES = re.compile(r"\s*-\+?(\d+)(?:,\+?(\d+))?\s+\+\+?\d+(?:,\+?(\d+))?(?:\s|$)", re.ASCII)
CONTEXT, REMOVED, ADDED = " ", "-", "+"


@dataclass
class Position:
    """Where the next hunk is expected: the first line that no hunk has changed yet, and how many lines they have
    added.
    """

    cursor: int = 0
    growth: int = 0


@dataclass
class Hunk:
    numbers: tuple[int, int, int] | None
    """First line of the old text, from 1, and the number of its lines and of those of the new text."""
    lines: list[tuple[str, str]] = field(default_factory=list)
    old_is_open: bool = False
    """Whether the old text ends without a line break."""
    new_is_open: bool = False

    def old(self) -> list[str]:
        return [line for role, line in self.lines if role != ADDED]

    def count(self, role: str) -> int:
        return sum(known == role for known, _ in self.lines)

    def is_complete(self) -> bool:
        """Returns whether the header's counts are reached, so that a header of another file may follow."""
        if self.numbers is None:
            return True
        _, old, new = self.numbers
        context = self.count(CONTEXT)
        return context + self.count(REMOVED) >= old and context + self.count(ADDED) >= new

    def push(self, line: str) -> None:
        if line.startswith("\\"):
            role = self.lines[-1][0] if self.lines else None
            self.old_is_open |= role in (CONTEXT, REMOVED)
            self.new_is_open |= role in (CONTEXT, ADDED)
        elif line.startswith("```"):
            # The fence around the diff.
            pass
        elif line.startswith((REMOVED, ADDED)):
            self.lines.append((line[0], line[1:]))
        else:
            # Models leave out the space before context.
            self.lines.append((CONTEXT, line.removeprefix(" ")))

    def drop_blank_end(self) -> None:
        """Removes empty lines at the end that the header does not count."""
        extra = len(self.old()) - (self.numbers[1] if self.numbers else 0)
        while extra > 0 and self.lines and self.lines[-1] == (CONTEXT, ""):
            self.lines.pop()
            extra -= 1

    def apply(self, text: TextLines, position: Position) -> None:
        added, removed = self.count(ADDED), self.count(REMOVED)
        if added + removed == 0:
            raise no_change()
        old = self.old()
        place = self.find(text, old, position) if old else self.insertion(text, position)
        end = place.at + len(old)
        reaches_end = end == len(text.lines)
        self.replace(text, place)
        last, after = len(text.lines), end + added - removed
        opens = self.new_is_open and not self.old_is_open
        if opens and after + 1 == last and text.lines[-1] == "":
            text.splice(after, last, [])
        if self.old_is_open and not self.new_is_open and reaches_end and after > 0:
            text.splice(last, last, [""])
        position.cursor = after
        position.growth += added - removed

    def replace(self, text: TextLines, place: Place) -> None:
        """Replaces the lines of the old text. Lines of context stay as they are in the file."""
        at = place.at
        rest = list(self.lines)
        while rest:
            if rest[0][0] == CONTEXT:
                rest.pop(0)
                at += 1
                continue
            changed = next((n for n, (role, _) in enumerate(rest) if role == CONTEXT), len(rest))
            removed = sum(role == REMOVED for role, _ in rest[:changed])
            new = [place.shift.apply(line) for role, line in rest[:changed] if role == ADDED]
            rest = rest[changed:]
            text.splice(at, at + removed, new)
            at += len(new)

    def insertion(self, text: TextLines, position: Position) -> Place:
        """The place of a hunk without old lines: after the line that its header names."""
        if text.is_empty():
            return Place(0)
        if self.numbers is None:
            raise Misfit("a hunk without context has no line number")
        at = max(self.numbers[0] + position.growth, 0)
        if at > len(text.lines) - (1 if text.lines[-1] == "" else 0):
            raise not_found(None)
        return Place(at)

    def find(self, text: TextLines, old: list[str], position: Position) -> Place:
        places = find_places(text.lines, old)
        at_end = [place for place in places if place.at + len(old) == len(text.lines)]
        if self.old_is_open and at_end:
            places = at_end
        places = [place for place in places if place.at >= position.cursor] or places
        if not places:
            raise not_found(nearest(text.lines, old))
        if len(places) == 1:
            return places[0]
        expected = max(max(self.numbers[0] - 1, 0) + position.growth, 0) if self.numbers else None
        for place in places:
            if place.at == expected:
                return place
        raise ambiguous([place.at + 1 for place in places])


def apply(text: TextLines, diff: str) -> None:
    """Applies every hunk. Changes nothing and raises `EditFaults` if one does not fit."""
    try:
        hunks = parse(normalize(diff))
    except Misfit as misfit:
        raise EditFaults([f"diff: {misfit}"]) from None
    changed, position, faults = text.copy(), Position(), []
    for number, hunk in enumerate(hunks, 1):
        try:
            hunk.apply(changed, position)
        except Misfit as misfit:
            faults.append(f"hunk {number}: {misfit}")
    if faults:
        raise EditFaults(faults)
    text.become(changed)


def parse(diff: str) -> list[Hunk]:
    lines = [*lines_of(diff), "", ""]
    hunks: list[Hunk] = []
    is_inside = False
    for at, line in enumerate(lines[:-2]):
        if line.startswith("@@"):
            hunks.append(Hunk(parse_numbers(line[2:])))
            is_inside = True
            continue
        if is_header(lines, at) and (not hunks or hunks[-1].is_complete()):
            if hunks:
                raise Misfit("it is about several files; give one diff for each file")
            is_inside = False
        if is_inside:
            hunks[-1].push(line)
    if not hunks:
        raise Misfit("it has no hunk: a line that begins with `@@`, then the lines with ` `, `-` or `+` in front")
    for hunk in hunks:
        hunk.drop_blank_end()
    return hunks


def is_header(lines: list[str], at: int) -> bool:
    names_files = lines[at].startswith("--- ") and lines[at + 1].startswith("+++ ") and lines[at + 2].startswith("@@")
    return names_files or lines[at].startswith("diff --git ")


def parse_numbers(header: str) -> tuple[int, int, int] | None:
    """Reads ` -1,2 +3,4 @`. A count that is left out is 1."""
    found = RANGES.match(header)
    return (int(found[1]), int(found[2] or "1"), int(found[3] or "1")) if found else None
