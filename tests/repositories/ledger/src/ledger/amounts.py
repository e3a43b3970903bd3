"""Amounts of money, in whole cents."""

import re

from .errors import AmountError

_AMOUNT = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d+)(?:[.,](?P<cents>\d{1,2}))?")


def parse_amount(text):
    """Returns the cents of a text such as `12.50` or `12,50`."""
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        raise AmountError(f"not an amount: {text!r}")
    cents = int(match["whole"]) * 100 + int((match["cents"] or "").ljust(2, "0"))
    return -cents if match["sign"] == "-" else cents


def format_amount(cents):
    """Returns a text with two digits behind the point."""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}{whole}.{rest:02d}"
