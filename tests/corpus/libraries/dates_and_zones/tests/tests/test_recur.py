from datetime import date, datetime
from itertools import islice

import pytest

from almanac import every


@pytest.mark.parametrize(
    "start, unit, step, last",
    [
        (date(2024, 1, 31), "month", 1, date(2024, 4, 30)),
        (date(2024, 2, 29), "year", 1, date(2027, 2, 28)),
        (date(2024, 12, 30), "day", 1, date(2025, 1, 2)),
        (date(2024, 12, 30), "week", 2, date(2025, 2, 10)),
        (date(2024, 11, 15), "month", 3, date(2025, 8, 15)),
    ],
)
def test_fourth(start, unit, step, last):
    assert list(islice(every(start, unit, step), 4))[-1] == last


def test_last_days_of_months():
    days = [day.day for day in islice(every(date(2023, 1, 31), "month"), 12)]
    assert days == [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def test_time_is_kept():
    assert list(islice(every(datetime(2024, 1, 31, 9, 5), "month"), 2))[1] == datetime(2024, 2, 29, 9, 5)


@pytest.mark.parametrize("unit, step", [("day", 0), ("hour", 1)])
def test_refused(unit, step):
    with pytest.raises(ValueError, match=f"every {step} {unit}"):
        next(every(date(2024, 1, 1), unit, step))
