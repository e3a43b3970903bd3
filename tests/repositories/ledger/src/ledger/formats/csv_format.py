"""Files of banks: columns separated by semicolons, decimal comma."""

import csv
import io

from ..amounts import parse_amount
from ..dates import parse_date
from ..entries import Entry
from ..errors import AmountError, FormatError


def read(text, path="<text>"):
    """Returns the entries of a file."""
    entries = []
    for line, row in enumerate(csv.reader(io.StringIO(text), delimiter=";"), start=1):
        if not row or row[0].startswith("#"):
            continue
        if len(row) != 4:
            raise FormatError(path, line, f"{len(row)} columns instead of 4")
        try:
            entries.append(Entry(parse_date(row[0]), row[1], parse_amount(row[2]), row[3]))
        except AmountError as error:
            raise FormatError(path, line, str(error)) from error
    return entries
