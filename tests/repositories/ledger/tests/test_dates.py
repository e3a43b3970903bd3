import datetime

from ledger.dates import month_of, parse_date, quarter_of


def test_both_forms_of_dates():
    assert parse_date("01.03.2024") == parse_date("2024-03-01") == datetime.date(2024, 3, 1)


def test_months():
    assert month_of(datetime.date(2024, 3, 9)) == "2024-03"


def test_quarters():
    # Fails since 0.2: nobody has mended quarter_of yet.
    assert [quarter_of(datetime.date(2024, month, 1)) for month in (1, 3, 12)] == ["2024-Q1", "2024-Q1", "2024-Q4"]
