"""Explains failures that come from the differences between this interpreter and CPython on 64-bit Linux.

Adds one line to the message of a failed test, and only where the compared values or the error show such a difference:
last digits of floats, the order of a set, sizes of 32 bits.
"""

import linecache
import math
import re
import struct
from itertools import pairwise

from . import project
from .system import localtime

FLOATS = """the numbers differ in their last digits only; results of math functions can differ from 64-bit Linux there:
    compare with math.isclose or pytest.approx"""
ORDER = """the items are the same in another order, which comes from a set; hash values and so the order of sets differ
    from 64-bit CPython: compare sorted(...)"""
SIZES = """this Python has 32 bits: sys.maxsize is 2**31 - 1, no length is greater, and the native struct formats l, L, n,
    N and P have 4 bytes: use plain numbers, or formats that begin with < or >"""
HASHES = """hash values differ from 64-bit CPython, and those of text from run to run: do not compare them with fixed
    numbers"""

_RELATIVE = 1e-12
_LIMITS = {2**31 - 1, 2**32 - 1, -(2**31), 2**63 - 1, 2**64 - 1, -(2**63)}
_TOO_LARGE = re.compile(r"too large to convert to C|cannot fit '.*' into an index-sized integer|too large for C")
_NUMBER = re.compile(r"-?\d+\.\d+(?:[eE][-+]?\d+)?|-?\d+[eE][-+]?\d+")
_WORD = re.compile(r"[^\s,;|/{}\[\]()'\":]+")
_NATIVE_FORMAT = re.compile(r"""['"][@=]?[\w ]*[lLnNP][\w ]*['"]""")
_MAKES_SETS = re.compile(r"\b(?:frozen)?set\b|\.keys\(\)|\{[^{}:]*\bfor\b[^{}:]*\}|=\s*\{\s*[^{}:\s][^{}:]*\}")
_MOST_ITEMS = 10_000
_PLAIN = (int, str, bytes, bool, type(None))


class Differences:
    """Keeps what the running test compared last."""

    def __init__(self):
        self._compared: tuple | None = None

    def begin(self):
        self._compared = None

    def compare(self, op: str, left, right):
        self._compared = (op, left, right)

    def note(self, excinfo) -> str | None:
        """Returns the line to add to the message of a failure, or None."""
        try:
            found = self._explain(excinfo.value, excinfo.traceback) or localtime.zone_note()
        except Exception:
            # The compared objects are the test's own and may raise at every touch.
            return None
        return f"note: {' '.join(found.split())}" if found else None

    def _explain(self, error, traceback) -> str | None:
        statement = _statement(traceback)
        if isinstance(error, AssertionError):
            return self._explain_comparison(traceback, statement)
        if isinstance(error, OverflowError) and _TOO_LARGE.search(str(error)):
            return SIZES
        if isinstance(error, struct.error) and _NATIVE_FORMAT.search(statement):
            return SIZES
        return None

    def _explain_comparison(self, traceback, statement) -> str | None:
        op, left, right = self._compared or _unittest_values(traceback) or ("", None, None)
        if op == "==":
            if _is_nearly(left, right):
                return FLOATS
            if _is_reordered(left, right) and _supplied_code_makes_sets():
                return ORDER
        if re.search(r"\bhash\(|__hash__\(", statement) and type(left) is type(right) is int:
            return HASHES
        is_size = re.search(r"\bsys\.maxsize\b|\bcalcsize\(|\bsizeof\(", statement)
        if is_size or (type(left) is type(right) is int and left != right and {left, right} & _LIMITS):
            return SIZES
        return None


def _statement(traceback) -> str:
    """Returns the source of the innermost statement in a supplied file."""
    for entry in reversed(list(traceback)):
        if str(entry.path).startswith(f"{project.FOLDER}/"):
            return str(entry.statement)
    return ""


def _unittest_values(traceback) -> tuple | None:
    """Returns what `assertEqual` and its kind compared."""
    for entry in reversed(list(traceback)):
        values = entry.frame.f_locals
        if entry.frame.code.raw.co_filename.endswith("unittest/case.py") and {"first", "second"} <= set(values):
            return "==", values["first"], values["second"]
    return None


def _is_nearly(left, right) -> bool:
    """Returns whether two values are equal but for the last digits of at least one float."""
    differing = []
    return _all_nearly(left, right, differing, 0) and bool(differing)


def _all_nearly(left, right, differing, depth) -> bool:
    if depth > 20 or len(differing) > _MOST_ITEMS:
        return False
    if float in (type(left), type(right)):
        if type(left) not in (int, float) or type(right) not in (int, float):
            return False
        if left != right:
            differing.append(1)
        return left == right or abs(left - right) <= _RELATIVE * max(abs(left), abs(right))
    if type(left) is type(right) is str:
        return left == right or _all_nearly_in_text(left, right, differing, depth)
    if type(left) is not type(right):
        return False
    if type(left) in (list, tuple) and len(left) == len(right):
        return all(_all_nearly(a, b, differing, depth + 1) for a, b in zip(left, right, strict=True))
    if type(left) is dict and left.keys() == right.keys():
        return all(_all_nearly(left[key], right[key], differing, depth + 1) for key in left)
    # Never calls a comparison of the code under test.
    return left is right or (type(left) in _PLAIN and left == right)


def _all_nearly_in_text(left, right, differing, depth) -> bool:
    if len(left) > _MOST_ITEMS or _NUMBER.split(left) != _NUMBER.split(right):
        return False
    pairs = zip(_NUMBER.findall(left), _NUMBER.findall(right), strict=True)
    return all(math.isfinite(float(a)) and _all_nearly(float(a), float(b), differing, depth + 1) for a, b in pairs)


def _is_reordered(left, right) -> bool:
    """Returns whether both hold the same items, and one is in the order of a set whose order depends on hash values."""
    if type(left) is type(right) is str:
        left, right = _WORD.findall(left), _WORD.findall(right)
    if type(left) not in (list, tuple) or type(right) not in (list, tuple) or not _is_plain([*left, *right]):
        return False
    if len(left) != len(right) or not 1 < len(left) < _MOST_ITEMS or list(left) == list(right):
        return False
    # Small integers have the same order everywhere.
    if all(type(item) is int and abs(item) < 2**30 for item in left):
        return False
    items = set(left)
    return len(items) == len(left) and items == set(right) and (_is_order_of_set(left) or _is_order_of_set(right))


def _is_order_of_set(items) -> bool:
    """Returns whether a set yields items in this order: by their place in its table, but for collisions."""
    mask = 7
    while 5 * len(items) >= 3 * mask:
        mask = 4 * mask + 3
    places = [hash(item) & mask for item in items]
    falls = sum(a > b for a, b in pairwise(places))
    return falls <= len(items) // 4


def _is_plain(items) -> bool:
    return all(_is_plain(item) if type(item) is tuple else type(item) in (*_PLAIN, float) for item in items)


def _supplied_code_makes_sets() -> bool:
    """Returns whether a supplied file that was executed creates a set."""
    texts = ("".join(entry[2]) for path, entry in linecache.cache.items() if _is_supplied(path, entry))
    return any(_MAKES_SETS.search(text) for text in texts)


def _is_supplied(path, entry) -> bool:
    return path.startswith(f"{project.FOLDER}/") and len(entry) > 2
