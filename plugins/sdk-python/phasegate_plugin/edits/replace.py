"""Finds a text and replaces it."""

import re

from ..texts import trim, trim_start
from .change import Edit, Misfit, ambiguous, no_change, not_found
from .lines import TextLines, normalize
from .locate import find_places, nearest

NUMBER = re.compile(r"[0-9]+ \| ?")


class NotFound(Misfit):
    """The text occurs nowhere."""


def apply(text: TextLines, edit: Edit) -> None:
    """Applies one edit, or raises `Misfit`."""
    find, replacement = normalize(edit.find), normalize(edit.replace)
    if find == replacement:
        raise no_change()
    if not find:
        if not text.is_empty():
            raise Misfit("`find` is empty, and the file is not")
        text.become(text.with_text(replacement))
        return
    plain = text.plain()
    starts = starts_of(plain, find)
    if len(starts) > 1:
        raise ambiguous(lines_at(plain, starts))
    if starts:
        text.replace_span(starts[0], starts[0] + len(find), replacement)
    else:
        replace_lines(text, find, replacement)


def starts_of(text: str, find: str) -> list[int]:
    """Returns where `find` begins in a text, places that overlap included."""
    starts = []
    at = text.find(find)
    while at >= 0:
        starts.append(at)
        at = text.find(find, at + 1)
    return starts


def lines_at(text: str, starts: list[int]) -> list[int]:
    """Returns the line of each place, from 1. Places are in their order."""
    lines, line, counted = [], 1, 0
    for start in starts:
        line += text.count("\n", counted, start)
        counted = start
        lines.append(line)
    return lines


def replace_lines(text: TextLines, find: str, replacement: str) -> None:
    """Replaces whole lines that match loosely."""
    try:
        loose_match(text, find, replacement)
    except NotFound:
        # Models copy the numbers that `read_file` puts before lines.
        find_alone = without_numbers(find)
        if find_alone is None:
            raise
        alone = without_numbers(replacement)
        loose_match(text, find_alone, replacement if alone is None else alone)


def loose_match(text: TextLines, find: str, replacement: str) -> None:
    wanted, before, after = without_blank_ends(find)
    new, extra_before, extra_after = without_blank_ends(replacement)
    # Empty lines around the text that the replacement does not have in common with it are part of the change.
    if any(trim(line) for line in new):
        new = [""] * (extra_before - before) + new + [""] * (extra_after - after)
    places = find_places(text.lines, wanted)
    if not places:
        raise NotFound(str(not_found(nearest(text.lines, wanted))))
    if len(places) > 1:
        raise ambiguous([place.at + 1 for place in places])
    place = places[0]
    text.splice(place.at, place.at + len(wanted), [place.shift.apply(line) for line in new])


def without_blank_ends(text: str) -> tuple[list[str], int, int]:
    """Returns the lines without empty ones at the start and the end, and the numbers of those. The line break of the
    last line makes no empty line. Nothing is left of a blank text.
    """
    lines = text.split("\n")
    filled = [at for at, line in enumerate(lines) if trim(line)]
    if not filled:
        return [], len(lines), 0
    after = len(lines) - 1 - filled[-1]
    return lines[filled[0] : filled[-1] + 1], filled[0], max(after - 1, 0)


def without_numbers(text: str) -> str | None:
    """Returns the text without a number and a bar before every line; none if a line has none."""
    lines = []
    for line in text.split("\n"):
        if not trim(line):
            lines.append(line)
            continue
        number = NUMBER.match(trim_start(line))
        if not number:
            return None
        lines.append(trim_start(line)[number.end() :])
    return "\n".join(lines)
