import pickle
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from almanac import convert, next_change

NOON = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "zone, text",
    [
        ("Europe/Paris", "2024-07-01 14:00 CEST"),
        ("America/New_York", "2024-07-01 08:00 EDT"),
        ("Asia/Kathmandu", "2024-07-01 17:45 +0545"),
        ("Australia/Lord_Howe", "2024-07-01 22:30 +1030"),
        ("UTC", "2024-07-01 12:00 UTC"),
    ],
)
def test_convert(zone, text):
    assert convert(NOON, zone).strftime("%Y-%m-%d %H:%M %Z") == text


def test_time_without_zone():
    with pytest.raises(ValueError, match="no zone"):
        convert(datetime(2024, 1, 1), "UTC")


def test_unknown_zone():
    with pytest.raises(ZoneInfoNotFoundError):
        convert(NOON, "Mars/Olympus")


@pytest.mark.parametrize(
    "zone, change",
    [("Europe/Paris", datetime(2024, 10, 27, 1)), ("America/New_York", datetime(2024, 11, 3, 6)), ("Asia/Tokyo", None)],
)
def test_next_change(zone, change):
    found = next_change(NOON, zone)
    assert found == (change and change.replace(tzinfo=timezone.utc))


def test_folded_hour():
    first = datetime(2024, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert first.utcoffset() == timedelta(hours=2)
    assert first.replace(fold=1).utcoffset() == timedelta(hours=1)


def test_pickle():
    moment = convert(NOON, "Europe/Paris")
    assert pickle.loads(pickle.dumps(moment)) == moment
