import pathlib

import pytest

from ledger.errors import FormatError
from ledger.formats import csv_format, json_format, text_format

SAMPLE = pathlib.Path(__file__).parent / "data" / "sample.csv"


def test_files_of_banks_have_a_decimal_comma():
    entries = csv_format.read(SAMPLE.read_text())
    assert [entry.cents for entry in entries] == [125050, -999, 5]


def test_wrong_lines_are_named():
    with pytest.raises(FormatError, match="f.csv:2: not an amount"):
        csv_format.read("# date;account;amount;text\n01.03.2024;a;x;t\n", "f.csv")
    with pytest.raises(FormatError, match="3 columns"):
        csv_format.read("01.03.2024;a;1\n")


def test_json_keeps_entries(book):
    assert json_format.read(json_format.write(book.entries())) == book.entries()


def test_text_for_people(book):
    assert "assets:bank                    100.00 salary" in text_format.write(book.entries())
