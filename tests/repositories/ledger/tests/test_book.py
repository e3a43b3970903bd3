def test_balances(book):
    assert book.balance("assets") == 9250
    assert book.balance("assets:bank") == 8750
    assert book.balance("none") == 0


def test_entries_are_sorted(book):
    assert [entry.date.month for entry in book.entries()] == [3, 3, 4]
