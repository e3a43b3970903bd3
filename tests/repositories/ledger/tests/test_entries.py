import datetime

from ledger import Entry


def test_reversed_entries_cancel_out():
    entry = Entry(datetime.date(2024, 3, 1), "assets", 5, "x")
    assert entry.cents + entry.reversed().cents == 0
    assert entry.reversed().text == "undo: x"
