import asyncio
import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest


class LoopThread:
    """An event loop in a thread of its own, as many libraries have one."""

    def __enter__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def call(self, coro, timeout=5):
        return asyncio.run_coroutine_threadsafe(coro, self.loop).result(timeout)

    def __exit__(self, *exc):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


async def add(a, b):
    await asyncio.sleep(0.01)
    return a + b


def test_loop_thread():
    with LoopThread() as lt:
        assert lt.call(add(1, 2)) == 3
        with pytest.raises(ZeroDivisionError):
            async def bad():
                1 / 0
            lt.call(bad())
        assert lt.thread.is_alive()
    assert not lt.thread.is_alive()


def test_asyncio_run_in_threads():
    results = []

    def work(n):
        results.append(asyncio.run(add(n, n)))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(results) == [0, 2, 4]


def test_to_thread_concurrently():
    def blocking(n):
        time.sleep(0.05)
        return n, threading.current_thread() is threading.main_thread()

    async def main():
        t0 = time.monotonic()
        got = await asyncio.gather(*(asyncio.to_thread(blocking, n) for n in range(3)))
        return got, time.monotonic() - t0

    got, seconds = asyncio.run(main())
    assert got == [(0, False), (1, False), (2, False)]
    assert 0.05 <= seconds < 0.14


def test_run_in_executor_with_timeout():
    async def main():
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as ex:
            assert await loop.run_in_executor(ex, sum, [1, 2]) == 3
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(loop.run_in_executor(ex, time.sleep, 0.2), 0.02)

    asyncio.run(main())


def test_queue_from_thread_to_task():
    async def main():
        loop, q = asyncio.get_running_loop(), asyncio.Queue()

        def produce():
            for n in range(3):
                time.sleep(0.01)
                loop.call_soon_threadsafe(q.put_nowait, n)
            loop.call_soon_threadsafe(q.put_nowait, None)

        t = threading.Thread(target=produce)
        t.start()
        got = []
        while (item := await q.get()) is not None:
            got.append(item)
        t.join()
        return got

    assert asyncio.run(main()) == [0, 1, 2]


def test_tasks_to_thread_queue():
    q, got = queue.Queue(), []

    def consume():
        while (item := q.get()) is not None:
            got.append(item)

    t = threading.Thread(target=consume)
    t.start()

    async def main():
        for n in range(3):
            await asyncio.sleep(0.01)
            q.put(n)
        q.put(None)

    asyncio.run(main())
    t.join()
    assert got == [0, 1, 2]


def test_stop_event_from_thread():
    async def main():
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        threading.Timer(0.05, loop.call_soon_threadsafe, [stop.set]).start()
        await asyncio.wait_for(stop.wait(), 2)
        return "stopped"

    assert asyncio.run(main()) == "stopped"
