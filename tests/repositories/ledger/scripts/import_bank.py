"""Reads files of a bank and prints them as JSON."""

import pathlib
import sys

from ledger.formats import csv_format, json_format

for name in sys.argv[1:]:
    print(json_format.write(csv_format.read(pathlib.Path(name).read_text(), name)))
