from datetime import date, datetime, timedelta, timezone

import pytest

from almanac import parse_date, parse_duration

UTC = timezone.utc


@pytest.mark.parametrize(
    "text, value",
    [
        ("2024-02-29", date(2024, 2, 29)),
        ("20240229", date(2024, 2, 29)),
        ("2024-02-29T12:30", datetime(2024, 2, 29, 12, 30)),
        ("2024-02-29 12:30:05", datetime(2024, 2, 29, 12, 30, 5)),
        ("2024-02-29T12:30:05.25Z", datetime(2024, 2, 29, 12, 30, 5, 250_000, UTC)),
        ("2024-02-29T12:30:05,000001Z", datetime(2024, 2, 29, 12, 30, 5, 1, UTC)),
        ("2024-02-29T12:30+05:30", datetime(2024, 2, 29, 12, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))),
        ("2024-02-29T12:30-0800", datetime(2024, 2, 29, 12, 30, tzinfo=timezone(-timedelta(hours=8)))),
    ],
)
def test_date(text, value):
    assert parse_date(text) == value
    assert type(parse_date(text)) is type(value)


@pytest.mark.parametrize("text", ["", "2024", "2024-13-01", "2023-02-29", "2024-01-01T25:00", "01.02.2024"])
def test_no_date(text):
    with pytest.raises(ValueError):
        parse_date(text)


@pytest.mark.parametrize("day", [date(2020, 1, 1) + timedelta(days=37 * number) for number in range(60)], ids=str)
def test_round_trip(day):
    assert parse_date(day.isoformat()) == day
    assert parse_date(day.strftime("%Y%m%d")) == day


@pytest.mark.parametrize(
    "text, length",
    [
        ("P1D", timedelta(days=1)),
        ("-P2W", -timedelta(weeks=2)),
        ("PT1H30M", timedelta(minutes=90)),
        ("P1DT0.5S", timedelta(days=1, milliseconds=500)),
    ],
)
def test_duration(text, length):
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", "P", "PT", "1D", "P1H", "P1DT"])
def test_no_duration(text):
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)
