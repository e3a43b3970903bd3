"""The command line."""

import argparse
import pathlib

from .book import Book
from .formats import FORMATS
from .reports import balance_report, monthly_report

REPORTS = {"balance": balance_report, "monthly": monthly_report}


def main(args=None):
    parser = argparse.ArgumentParser(prog="ledger")
    parser.add_argument("report", choices=sorted(REPORTS))
    parser.add_argument("file", type=pathlib.Path)
    options = parser.parse_args(args)
    reader = FORMATS[options.file.suffix.lstrip(".")]
    book = Book(reader.read(options.file.read_text(), str(options.file)))
    print("\n".join(REPORTS[options.report](book)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
