import datetime

import pytest

from ledger import Book, Entry


@pytest.fixture
def book():
    return Book(
        [
            Entry(datetime.date(2024, 3, 1), "assets:bank", 10000, "salary"),
            Entry(datetime.date(2024, 3, 9), "assets:bank", -1250, "books"),
            Entry(datetime.date(2024, 4, 2), "assets:cash", 500),
        ]
    )
