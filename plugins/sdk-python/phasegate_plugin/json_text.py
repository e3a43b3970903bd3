"""JSON as the host's parser reads it, with the faults in its words: every SDK tells a model the same.

`scan` finds the end of a value and needs no stack, so hostile nesting is harmless.
"""

import json
import re
from typing import Any

MAX_DEPTH = 127
SPACE = re.compile(r"[ \n\t\r]*")
PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
DIGITS = re.compile(r"[0-9]*")
HEX = re.compile(r"[0-9a-fA-F]{4}")
LITERALS = {"n": "null", "t": "true", "f": "false"}
I64_MIN, U64_MAX = -(2**63), 2**64 - 1


class JsonFault(ValueError):
    """Says why a text is not JSON, and where."""


def load(text: str) -> Any:
    """Parses a text. Its error is a `JsonFault`."""
    end = scan(text, 0, strict=True)
    end = after(SPACE, text, end)
    if end < len(text):
        raise Scanner(text, 0, True).fault("trailing characters", end + 1)
    return load_valid(text)


def load_valid(text: str) -> Any:
    """Parses a text that `scan` has found to be strictly valid."""
    return json.loads(text, parse_int=read_integer)


def read_integer(digits: str) -> int | float:
    number = int(digits) if len(digits) <= 20 else None
    return number if number is not None and I64_MIN <= number <= U64_MAX else float(digits)


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def indented(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def scan(text: str, start: int, *, strict: bool) -> int:
    """Returns the end of the value that begins at `start`. What follows it does not matter.

    With `strict`, the value can also be read: its numbers have a size, its escapes are characters, its depth is
    limited.
    """
    return Scanner(text, start, strict).value()


class Scanner:
    """Positions in faults count from `start`, in lines and bytes."""

    def __init__(self, text: str, start: int, strict: bool):
        self.text, self.start, self.strict = text, start, strict
        self.at = start

    def value(self) -> int:
        open_brackets: list[str] = []
        while True:
            bracket = self.begin_value(len(open_brackets))
            if bracket:
                open_brackets.append(bracket)
            if not self.go_to_next(open_brackets, is_first=bool(bracket)):
                return self.at
            if open_brackets[-1] == "{":
                self.key()

    def begin_value(self, depth: int) -> str:
        """Passes a whole value, or the opening bracket of one, which is returned."""
        self.at = after(SPACE, self.text, self.at)
        first = self.peek()
        if first in ("{", "["):
            if self.strict and depth >= MAX_DEPTH:
                raise self.fault_at_next("recursion limit exceeded")
            self.at += 1
            return first
        if first == '"':
            self.at += 1
            self.string()
        elif first in LITERALS:
            self.literal(LITERALS[first])
        elif first and first in "-0123456789":
            self.number()
        else:
            raise self.fault_at_next("expected value" if first else "EOF while parsing a value")
        return ""

    def go_to_next(self, open_brackets: list[str], is_first: bool) -> bool:
        """Passes closing brackets and a comma. Returns whether another value or key follows."""
        while open_brackets:
            bracket = open_brackets[-1]
            self.at = after(SPACE, self.text, self.at)
            found = self.peek()
            if found == ("}" if bracket == "{" else "]"):
                self.at += 1
                open_brackets.pop()
                is_first = False
            elif is_first and found:
                return True
            elif found == ",":
                self.at += 1
                self.after_comma(bracket)
                return True
            elif found:
                raise self.fault_at_next(f"expected `,` or `{'}' if bracket == '{' else ']'}`")
            else:
                raise self.fault_at_next(f"EOF while parsing {'an object' if bracket == '{' else 'a list'}")
        return False

    def after_comma(self, bracket: str) -> None:
        self.at = after(SPACE, self.text, self.at)
        found = self.peek()
        if self.strict and found == ("}" if bracket == "{" else "]"):
            raise self.fault_at_next("trailing comma")
        if self.strict and not found:
            raise self.fault_at_next("EOF while parsing a value")

    def key(self) -> None:
        self.at = after(SPACE, self.text, self.at)
        found = self.peek()
        if found != '"':
            raise self.fault_at_next("key must be a string" if found else "EOF while parsing an object")
        self.at += 1
        self.string()
        self.at = after(SPACE, self.text, self.at)
        found = self.peek()
        if found != ":":
            raise self.fault_at_next("expected `:`" if found else "EOF while parsing an object")
        self.at += 1

    def string(self) -> None:
        """Passes the rest of a string, after its opening quote."""
        while True:
            self.at = after(PLAIN, self.text, self.at)
            found = self.peek()
            if found == '"':
                self.at += 1
                return
            if found == "\\":
                self.at += 1
                self.escape()
            elif found:
                words = "control character (\\u0000-\\u001F) found while parsing a string"
                raise self.fault(words, self.at + (1 if self.strict else 0))
            else:
                raise self.fault("EOF while parsing a string", self.at)

    def escape(self) -> None:
        found = self.next()
        if found == "u":
            code = self.hex()
            if self.strict and 0xD800 <= code <= 0xDFFF:
                self.second_half(code)
        elif not found:
            raise self.fault("EOF while parsing a string", self.at)
        elif found not in '"\\/bfnrt':
            raise self.fault("invalid escape", self.at - 1, more_bytes=1)

    def second_half(self, code: int) -> None:
        if code >= 0xDC00:
            raise self.fault("lone leading surrogate in hex escape", self.at)
        for wanted in "\\u":
            found = self.next()
            if not found:
                raise self.fault("EOF while parsing a string", self.at)
            if found != wanted:
                raise self.fault("unexpected end of hex escape", self.at - 1, more_bytes=1)
        if not 0xDC00 <= self.hex() <= 0xDFFF:
            raise self.fault("lone leading surrogate in hex escape", self.at)

    def hex(self) -> int:
        found = HEX.match(self.text, self.at)
        if found:
            self.at = found.end()
            return int(found.group(), 16)
        if len(self.text[self.at : self.at + 4].encode()) < 4:
            raise self.fault("EOF while parsing a string", len(self.text))
        raise self.fault("invalid escape", self.at, more_bytes=4)

    def literal(self, word: str) -> None:
        for wanted in word:
            found = self.next()
            if not found:
                raise self.fault("EOF while parsing a value", self.at)
            if found != wanted:
                raise self.fault("expected ident", self.at - 1, more_bytes=1)

    def number(self) -> None:
        start = self.at
        if self.peek() == "-":
            self.at += 1
        found = self.next()
        if found == "0":
            if self.peek_digit():
                raise self.fault_at_next("invalid number")
        elif found and found in "123456789":
            self.digits()
        else:
            raise self.number_fault(found)
        if self.peek() == ".":
            self.at += 1
            if not self.peek_digit():
                is_end = self.strict and not self.peek()
                raise self.fault_at_next("EOF while parsing a value" if is_end else "invalid number")
            self.digits()
        if self.peek() in ("e", "E"):
            self.at += 1
            if self.peek() in ("+", "-"):
                self.at += 1
            found = self.next()
            if not found or found not in "0123456789":
                raise self.number_fault(found)
            self.digits()
        if self.strict and float(self.text[start : self.at]) in (float("inf"), float("-inf")):
            raise self.fault("number out of range", self.at)

    def number_fault(self, found: str) -> JsonFault:
        return self.fault("EOF while parsing a value" if self.strict and not found else "invalid number", self.at)

    def digits(self) -> None:
        self.at = after(DIGITS, self.text, self.at)

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def peek_digit(self) -> bool:
        found = self.peek()
        return bool(found) and found in "0123456789"

    def next(self) -> str:
        found = self.peek()
        self.at += len(found)
        return found

    def fault_at_next(self, words: str) -> JsonFault:
        """A fault of the next character; its column is that of its first byte."""
        return self.fault(words, self.at, more_bytes=1 if self.peek() else 0)

    def fault(self, words: str, at: int, more_bytes: int = 0) -> JsonFault:
        line, column = position(self.text[self.start : at])
        return JsonFault(f"{words} at line {line} column {column + more_bytes}")


def after(pattern: re.Pattern, text: str, at: int) -> int:
    """Returns where the characters of a pattern end."""
    found = pattern.match(text, at)
    return found.end() if found else at


def position(before: str) -> tuple[int, int]:
    """Returns the line and the column, in bytes, at the end of a text."""
    return before.count("\n") + 1, len(before.rpartition("\n")[2].encode(errors="replace"))
