import asyncio
import logging
import random
import time
from dataclasses import dataclass, field
from typing import Callable, Iterator

log = logging.getLogger("again")


class GaveUp(Exception):
    def __init__(self, attempts, last):
        super().__init__(f"gave up after {attempts} attempts: {last!r}")
        self.attempts, self.last = attempts, last


def fixed(seconds) -> Callable[[], Iterator[float]]:
    def waits():
        while True:
            yield seconds

    return waits


def exponential(first=1.0, factor=2.0, most=60.0):
    def waits():
        wait = first
        while True:
            yield min(wait, most)
            wait *= factor

    return waits


def jittered(waits, source=random):
    return lambda: (wait * source.uniform(0.5, 1.5) for wait in waits())


@dataclass
class Policy:
    attempts: int = 3
    waits: Callable = field(default_factory=lambda: fixed(0))
    on: tuple = (Exception,)
    until: Callable = None
    deadline: float = None
    sleep: Callable = time.sleep
    clock: Callable = time.monotonic

    def __post_init__(self):
        if self.attempts < 1:
            raise ValueError("at least one attempt is needed")

    def steps(self):
        """Yields the wait before each further attempt; ends at the limit or the deadline."""
        start = self.clock()
        for _, wait in zip(range(self.attempts - 1), self.waits()):
            if self.deadline is not None and self.clock() - start + wait > self.deadline:
                return
            yield wait

    def call(self, function, *args, **kwargs):
        steps, attempt = self.steps(), 0
        while True:
            attempt += 1
            try:
                value = function(*args, **kwargs)
                if self.until is None or self.until(value):
                    return value
                error = ValueError(f"unwanted value: {value!r}")
            except self.on as caught:
                error = caught
            wait = next(steps, None)
            if wait is None:
                raise GaveUp(attempt, error) from error
            log.warning("attempt %d failed: %r; waiting %.1f s", attempt, error, wait)
            self.sleep(wait)

    async def call_async(self, function, *args, **kwargs):
        steps, attempt = self.steps(), 0
        while True:
            attempt += 1
            try:
                return await function(*args, **kwargs)
            except self.on as error:
                wait = next(steps, None)
                if wait is None:
                    raise GaveUp(attempt, error) from error
                await asyncio.sleep(wait)
