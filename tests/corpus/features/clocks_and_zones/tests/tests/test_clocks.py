import os
import time
from datetime import datetime, timedelta, timezone

import pytest

import clocks


def test_stamp():
    assert clocks.stamp(0) == "1970-01-01 00:00:00"


@pytest.mark.parametrize(
    "zone, text",
    [("Europe/Berlin", "2023-11-14T23:13:20+01:00"), ("Asia/Kolkata", "2023-11-15T03:43:20+05:30")],
)
def test_city(zone, text):
    assert clocks.in_city(1_700_000_000, zone) == text


def test_since_is_small():
    assert timedelta(0) <= clocks.since(datetime.now(timezone.utc)) < timedelta(minutes=1)


def test_flags_without_padding():
    assert datetime(2024, 3, 5).strftime("%-d/%-m/%y %j") == "5/3/24 065"


def test_clocks_advance():
    before = time.perf_counter(), time.monotonic(), time.process_time(), time.thread_time()
    sum(range(10_000))
    after = time.perf_counter(), time.monotonic(), time.process_time(), time.thread_time()
    assert all(now >= then for now, then in zip(after, before))


def test_zone_of_the_environment(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    try:
        assert clocks.local_offset("EST5", os.environ) == "-0500"
    finally:
        monkeypatch.undo()
        time.tzset()
