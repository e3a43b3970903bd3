import contextvars
import threading
import time

import pytest
from events import (
    BatchFlusher, Debouncer, EventBus, Heartbeat, RepeatingTimer, request_id, retry, run_with_timeout, throttle,
)


def test_bus_calls_all_handlers():
    bus, got = EventBus(), []

    @bus.subscribe("x")
    def slow(payload):
        time.sleep(0.02)
        got.append(("slow", payload))

    @bus.subscribe("x")
    def fast(payload):
        got.append(("fast", payload))

    assert bus.publish("x", 1) == 2
    assert got == [("fast", 1), ("slow", 1)]


def test_bus_without_waiting():
    bus, done = EventBus(), threading.Event()
    bus.subscribe("x")(lambda p: (time.sleep(0.05), done.set()))
    bus.publish("x", 1, wait=False)
    assert not done.is_set()
    assert done.wait(2)


def test_debouncer_keeps_last_call():
    calls = []
    debounced = Debouncer(0.05, calls.append)
    for n in range(5):
        debounced(n)
        time.sleep(0.01)
    assert calls == []
    time.sleep(0.1)
    assert calls == [4]


def test_throttle():
    calls = []
    f = throttle(0.1)(calls.append)
    for n in range(3):
        f(n)
    time.sleep(0.12)
    f(9)
    assert calls == [0, 9] and f.__name__ == "append"


def test_repeating_timer():
    ticks = []
    timer = RepeatingTimer(0.05, ticks.append, args=["t"])
    timer.start()
    time.sleep(0.23)
    timer.cancel()
    timer.join()
    assert len(ticks) == 4


def test_heartbeat_polls_a_flag():
    beats = []
    with Heartbeat(0.02, lambda: beats.append(1)):
        time.sleep(0.11)
    assert 4 <= len(beats) <= 7


def test_flusher_by_size_and_time():
    batches, seen = [], threading.Event()

    def flush(items):
        batches.append(items)
        seen.set()

    flusher = BatchFlusher(flush, size=3, interval=0.05)
    for n in range(3):
        flusher.add(n)
    assert seen.wait(1)
    seen.clear()
    flusher.add(9)
    assert seen.wait(1)
    flusher.add(10)
    flusher.close()
    assert batches == [[0, 1, 2], [9], [10]]
    with pytest.raises(RuntimeError):
        flusher.add(1)


def test_retry_with_backoff():
    state = {"n": 0}

    @retry(3, 0.01)
    def flaky():
        state["n"] += 1
        if state["n"] < 3:
            raise OSError("again")
        return "ok"

    assert flaky() == "ok" and state["n"] == 3


def test_retry_gives_up_in_a_thread():
    errors = []

    @retry(2, 0.01, (OSError,))
    def broken():
        raise OSError("down")

    def call():
        try:
            broken()
        except OSError as e:
            errors.append(str(e))

    t = threading.Thread(target=call)
    t.start()
    t.join()
    assert errors == ["down"]


def test_run_with_timeout():
    assert run_with_timeout(lambda: 5, 1) == 5
    assert run_with_timeout(lambda: time.sleep(5), 0.05, default="late") == "late"
    with pytest.raises(ZeroDivisionError):
        run_with_timeout(lambda: 1 / 0, 1)


def test_context_is_per_thread():
    seen = []

    def work(n):
        request_id.set(f"r{n}")
        time.sleep(0.01)
        seen.append(request_id.get())

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(seen) == ["r0", "r1", "r2"] and request_id.get() == "-"


def test_context_run_in_thread():
    ctx = contextvars.copy_context()
    ctx.run(request_id.set, "outer")
    seen = []

    def read():
        time.sleep(0.01)
        seen.append(request_id.get())

    t = threading.Thread(target=ctx.run, args=(read,))
    t.start()
    t.join()
    assert seen == ["outer"]
