"""Finds JSON values in a model's answer, whatever stands around them: prose, fences, tags, reasoning, or the quotes
of a JSON string. A value is never changed, except that trailing commas are removed. The search takes linear time.
"""

import re
from dataclasses import dataclass, field

from .json_text import JsonFault, load, scan
from .texts import trim

REASONING_ENDS = ("</think>", "</thinking>", "</thought>", "</reasoning>", "[/THINK]", "<|message|>")
FENCE = "\n```"
OPENING = re.compile(r"[{\[<]")
# What matters to the end of a value: strings' quotes and escapes, brackets, and what ends a region.
MARKS = re.compile(r'["\\{}\[\]\n<]')
TOKENS = re.compile(r'["\\,{}\[\]]|[^ \t\n\f\r"\\,{}\[\]]+')
NOT_WHITE = re.compile(r"\S")


@dataclass
class FoundValues:
    """The JSON objects and arrays of an answer, as text and in their order."""

    values: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    fault: str | None = None


def find_values(text: str) -> FoundValues:
    """Finds all objects and arrays that are not part of another one. The parts of a broken one are not searched."""
    inner = string_inside(text)
    if inner is not None:
        return find_values(inner)
    found = FoundValues()
    at = 0
    while opening := OPENING.search(text, at):
        at = opening.start()
        end = reasoning_end(text, at)
        if end:
            found.reasoning += found.values
            found.values = []
            at += len(end)
        else:
            at = take_value(text, at, found)
    return found


def string_inside(text: str) -> str | None:
    """Returns the content of a text that is one JSON string."""
    text = without_fence(text)
    if not text.startswith('"'):
        return None
    try:
        value = load(text)
    except JsonFault:
        return None
    return value if isinstance(value, str) else None


def without_fence(text: str) -> str:
    """Returns the text inside of a fence that surrounds the whole text, else the whole text."""
    text = trim(text)
    if text.startswith("```") and text[3:].endswith("```") and "\n" in text[3:-3]:
        return trim(text[3:-3].partition("\n")[2])
    return text


def reasoning_end(text: str, at: int) -> str | None:
    return next((end for end in REASONING_ENDS if text.startswith(end, at)), None)


def take_value(text: str, at: int, found: FoundValues) -> int:
    """Adds the value or the fault at a bracket. Returns where to search on."""
    if text[at] == "<":
        return at + 1
    try:
        end = scan(text, at, strict=False)
        found.values.append(text[at:end])
        return end
    except JsonFault as fault:
        why = str(fault)
    if not begins_json(text, at):
        return at + 1
    end, is_closed = find_end(text, at)
    if is_closed:
        cleaned = without_trailing_commas(text[at:end])
        try:
            scan(cleaned, 0, strict=False)
            found.values.append(cleaned)
            return end
        except JsonFault as fault:
            why = str(fault)
    found.fault = found.fault or why
    return end


def begins_json(text: str, at: int) -> bool:
    """Returns whether what follows the bracket can follow it in JSON."""
    following = NOT_WHITE.search(text, at + 1)
    if not following:
        return True
    return following.group() in ('"', "}") if text[at] == "{" else following.group() in '"{[]-0123456789'


def find_end(text: str, start: int) -> tuple[int, bool]:
    """Returns the offset after the bracket that closes the first one, and true. A value cannot go on beyond a fence,
    because a JSON string holds no line break, or beyond the end of the reasoning: then the offset is that of the
    first of these.
    """
    depth, is_inside, at = 0, False, start
    while mark := MARKS.search(text, at):
        here, sign = mark.start(), mark.group()
        at = here + 1
        if sign == '"':
            is_inside = not is_inside
        elif sign == "\\":
            at += 1 if is_inside and not ends_region(text, at) else 0
        elif sign in "\n<[" and ends_region(text, here):
            return here, False
        elif is_inside:
            pass
        elif sign in "{[":
            depth += 1
        elif sign in "}]":
            depth -= 1
            if depth == 0:
                return at, True
    return len(text), False


def ends_region(text: str, at: int) -> bool:
    return text.startswith(FENCE, at) or reasoning_end(text, at) is not None


def without_trailing_commas(text: str) -> str:
    """Replaces each comma before a closing bracket by a space, so that positions in faults stay right."""
    characters = list(text)
    comma, is_inside, at = None, False, 0
    while mark := TOKENS.search(text, at):
        at, sign = mark.end(), mark.group()
        if is_inside:
            at += 1 if sign == "\\" else 0
            is_inside = sign != '"'
        elif sign == ",":
            comma = mark.start()
        elif sign in ("}", "]"):
            if comma is not None:
                characters[comma] = " "
            comma = None
        else:
            is_inside = sign == '"'
            comma = None
    return "".join(characters)


def join_continuation(truncated: str, continuation: str) -> str:
    """Joins a truncated text with its continuation, without an overlap of 20 to 400 bytes."""
    old, new = truncated.encode(), continuation.encode()
    for length in range(min(len(old), len(new), 400), 19, -1):
        is_boundary = length == len(new) or new[length] & 0xC0 != 0x80
        if is_boundary and old.endswith(new[:length]):
            return truncated + new[length:].decode()
    return truncated + continuation
