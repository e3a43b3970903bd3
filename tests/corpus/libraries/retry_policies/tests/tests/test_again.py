import asyncio
import itertools
import random
import time
from unittest import mock

import pytest

from again import GaveUp, Policy, exponential, fixed, jittered, retry


class Flaky:
    def __init__(self, failures, error=OSError):
        self.failures, self.error, self.calls = failures, error, 0

    def __call__(self, *args):
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error(f"failure {self.calls}")
        return args or "done"


@pytest.fixture
def sleep():
    return mock.Mock()


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_enough_attempts(failures, sleep):
    flaky = Flaky(failures)
    assert Policy(attempts=3, sleep=sleep).call(flaky) == "done"
    assert (flaky.calls, sleep.call_count) == (failures + 1, failures)


def test_too_few_attempts(sleep):
    with pytest.raises(GaveUp, match=r"gave up after 3 attempts: OSError\('failure 3'\)") as caught:
        Policy(attempts=3, sleep=sleep).call(Flaky(3))
    assert isinstance(caught.value.__cause__, OSError)


def test_other_errors(sleep):
    with pytest.raises(KeyError):
        Policy(on=(OSError,), sleep=sleep).call(Flaky(1, KeyError))
    sleep.assert_not_called()


@pytest.mark.parametrize(
    "waits, seconds",
    [
        (fixed(2), [2, 2, 2, 2]),
        (exponential(), [1, 2, 4, 8]),
        (exponential(first=10, most=30), [10, 20, 30, 30]),
        (exponential(0.5, factor=1), [0.5] * 4),
    ],
    ids=["fixed", "doubling", "bounded", "constant"],
)
def test_waits(waits, seconds):
    assert list(itertools.islice(waits(), 4)) == seconds


def test_jitter_is_reproducible():
    waits = [list(itertools.islice(jittered(fixed(10), random.Random(4))(), 3)) for _ in range(2)]
    assert waits[0] == waits[1]
    assert all(5 <= wait <= 15 for wait in waits[0])


def test_deadline():
    clock = mock.Mock(side_effect=[0, 1, 5, 9])
    sleep = mock.Mock()
    with pytest.raises(GaveUp, match="after 3 attempts"):
        Policy(attempts=10, waits=fixed(3), deadline=9, clock=clock, sleep=sleep).call(Flaky(99))
    assert sleep.mock_calls == [mock.call(3), mock.call(3)]


def test_until(sleep):
    values = iter([None, None, 7])
    assert Policy(until=lambda value: value is not None, sleep=sleep).call(lambda: next(values)) == 7


def test_decorator_with_and_without_arguments(sleep):
    @retry
    def plain():
        """Says hello."""
        return "hello"

    @retry(attempts=2, sleep=sleep)
    def fails():
        raise OSError

    assert plain() == "hello" and plain.__doc__ == "Says hello."
    with pytest.raises(GaveUp):
        fails()
    assert fails.policy.attempts == 2


def test_coroutine_function():
    flaky = Flaky(2)

    @retry(attempts=3)
    async def ask(words):
        return flaky(words)

    assert asyncio.run(ask("x")) == ("x",)


def test_log(caplog, sleep):
    Policy(waits=fixed(1.5), sleep=sleep).call(Flaky(1))
    assert caplog.messages == ["attempt 1 failed: OSError('failure 1'); waiting 1.5 s"]


def test_policy_needs_an_attempt():
    with pytest.raises(ValueError):
        Policy(attempts=0)


def test_real_sleep_takes_time():
    before = time.monotonic()
    Policy(waits=fixed(0.02)).call(Flaky(1))
    assert time.monotonic() - before >= 0.02
