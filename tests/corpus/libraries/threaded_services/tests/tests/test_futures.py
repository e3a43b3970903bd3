import concurrent.futures as cf
import threading
import time
from functools import partial
from multiprocessing.dummy import Pool as DummyPool
from multiprocessing.pool import ThreadPool

import pytest


def work(n):
    time.sleep(0.01 * n)
    if n == 3:
        raise ValueError(f"bad {n}")
    return n * 10


def test_submit_and_exceptions():
    with cf.ThreadPoolExecutor(max_workers=2) as ex:
        futures = {ex.submit(work, n): n for n in range(5)}
        done = {}
        for f in cf.as_completed(futures):
            n = futures[f]
            done[n] = repr(f.exception()) if f.exception() else f.result()
    assert done == {0: 0, 1: 10, 2: 20, 3: "ValueError('bad 3')", 4: 40}


def test_map_keeps_order_and_raises():
    with cf.ThreadPoolExecutor(3) as ex:
        assert list(ex.map(work, [2, 1, 0])) == [20, 10, 0]
        results = ex.map(work, [1, 3, 2])
        assert next(results) == 10
        with pytest.raises(ValueError, match="bad 3"):
            next(results)


def test_map_timeout():
    with cf.ThreadPoolExecutor(1) as ex:
        with pytest.raises(cf.TimeoutError):
            list(ex.map(time.sleep, [0.2], timeout=0.05))


def test_wait_first_completed():
    with cf.ThreadPoolExecutor(3) as ex:
        fs = [ex.submit(time.sleep, d) for d in (0.01, 0.2, 0.3)]
        done, pending = cf.wait(fs, return_when=cf.FIRST_COMPLETED)
        assert done == {fs[0]} and pending == set(fs[1:])


def test_wait_timeout_and_first_exception():
    with cf.ThreadPoolExecutor(3) as ex:
        fs = [ex.submit(work, 3), ex.submit(time.sleep, 0.3)]
        done, _ = cf.wait(fs, return_when=cf.FIRST_EXCEPTION)
        assert fs[0] in done and fs[1] not in done
        done, pending = cf.wait(fs, timeout=0.01)
        assert len(pending) == 1


def test_result_timeout():
    with cf.ThreadPoolExecutor() as ex:
        f = ex.submit(time.sleep, 0.3)
        with pytest.raises(TimeoutError):
            f.result(timeout=0.02)
        assert f.running() and not f.done()
    assert f.done()


def test_cancel_pending():
    with cf.ThreadPoolExecutor(1) as ex:
        first = ex.submit(time.sleep, 0.05)
        second = ex.submit(work, 1)
        assert second.cancel() and second.cancelled()
        with pytest.raises(cf.CancelledError):
            second.result()
        assert not first.cancel()


def test_shutdown_cancels_futures():
    ex = cf.ThreadPoolExecutor(1)
    fs = [ex.submit(time.sleep, 0.05) for _ in range(4)]
    ex.shutdown(cancel_futures=True)
    assert [f.cancelled() for f in fs] == [False, True, True, True]
    with pytest.raises(RuntimeError, match="after shutdown"):
        ex.submit(work, 1)


def test_initializer_and_names():
    local = threading.local()
    seen = []

    def init(tag):
        local.tag = tag

    def read(_):
        time.sleep(0.01)
        seen.append((local.tag, threading.current_thread().name))

    with cf.ThreadPoolExecutor(2, thread_name_prefix="io", initializer=init, initargs=("t",)) as ex:
        list(ex.map(read, range(4)))
    assert {t for t, _ in seen} == {"t"}
    assert {n for _, n in seen} == {"io_0", "io_1"}


def test_broken_initializer():
    def init():
        raise RuntimeError("no")

    with cf.ThreadPoolExecutor(1, initializer=init) as ex:
        with pytest.raises(cf.thread.BrokenThreadPool):
            ex.submit(work, 1).result()


def test_callbacks():
    log = []
    with cf.ThreadPoolExecutor(1) as ex:
        f = ex.submit(work, 1)
        f.add_done_callback(lambda f: log.append(f.result()))
        f.add_done_callback(partial(lambda tag, f: log.append(tag), "tag"))
    assert log == [10, "tag"]


def test_nested_submit():
    with cf.ThreadPoolExecutor(3) as ex:

        def outer(n):
            inner = [ex.submit(work, i) for i in range(n)]
            return sum(f.result() for f in inner)

        assert ex.submit(outer, 3).result(timeout=5) == 30


def test_future_set_by_another_thread():
    f = cf.Future()

    def fill():
        time.sleep(0.02)
        f.set_result(5)

    threading.Thread(target=fill).start()
    assert f.result(timeout=1) == 5


def test_divide_and_conquer():
    def total(xs, ex):
        if len(xs) <= 2:
            return sum(xs)
        mid = len(xs) // 2
        left = ex.submit(total, xs[:mid], ex)
        return total(xs[mid:], ex) + left.result()

    with cf.ThreadPoolExecutor(8) as ex:
        assert total(list(range(16)), ex) == 120


def test_thread_pool():
    with ThreadPool(3) as pool:
        assert pool.map(lambda x: x + 1, range(5)) == [1, 2, 3, 4, 5]
        assert sorted(pool.imap_unordered(lambda x: x * 2, range(4), chunksize=2)) == [0, 2, 4, 6]
        assert pool.starmap(pow, [(2, 3), (3, 2)]) == [8, 9]
        result = pool.apply_async(work, (3,))
        with pytest.raises(ValueError):
            result.get(timeout=1)
        seen = []
        pool.map_async(work, [1, 2], callback=seen.extend).wait(1)
        assert seen == [10, 20]


def test_dummy_pool():
    pool = DummyPool(2)
    assert pool.apply(work, (2,)) == 20
    pool.close()
    pool.join()
