import threading
import time

import pytest
from workers import Pipeline, PriorityDispatcher, WorkerPool, parallel_map, slow_square


def test_pool_collects_results():
    with WorkerPool(3) as pool:
        for n in range(10):
            pool.submit(slow_square, n)
        pool.join()
        assert sorted(pool.results) == [n * n for n in range(10)]


def test_pool_records_errors(caplog):
    def bad():
        raise ValueError("no")

    pool = WorkerPool(2)
    pool.submit(bad)
    pool.submit(slow_square, 3)
    pool.join()
    assert pool.results == [9]
    assert [str(e) for e in pool.errors] == ["no"]
    assert "job failed: no" in caplog.text
    pool.close()


def test_pool_runs_in_parallel():
    active, peak, lock = 0, 0, threading.Lock()

    def job():
        nonlocal active, peak
        with lock:
            active += 1
            peak = max(peak, active)
        time.sleep(0.05)
        with lock:
            active -= 1

    with WorkerPool(4) as pool:
        for _ in range(8):
            pool.submit(job)
        pool.join()
    assert peak == 4


def test_pipeline_keeps_order_and_backpressure():
    def double(x):
        yield x * 2

    def expand(x):
        yield from (x, x + 1)

    assert Pipeline(double, expand, maxsize=1).run(range(4)) == [0, 1, 2, 3, 4, 5, 6, 7]


def test_dispatcher_orders_by_priority():
    d = PriorityDispatcher()
    d.start()
    for priority, name in [(3, "low"), (1, "high"), (2, "mid")]:
        d.add(priority, name)
    d.open()
    d.join(timeout=5)
    assert not d.is_alive()
    assert d.handled == ["high", "mid", "low"]


@pytest.mark.parametrize("threads", [1, 3, 10])
def test_parallel_map(threads):
    assert parallel_map(slow_square, range(12), threads) == [n * n for n in range(12)]


def test_thread_names_and_idents():
    seen = {}

    def who():
        seen[threading.current_thread().name] = (threading.get_ident(), threading.current_thread().ident)

    ts = [threading.Thread(target=who, name=f"n{i}") for i in range(3)]
    for t in ts:
        t.start()
    for t in ts:
        t.join()
    assert sorted(seen) == ["n0", "n1", "n2"]
    assert all(a == b for a, b in seen.values())
    assert threading.current_thread() is threading.main_thread()
