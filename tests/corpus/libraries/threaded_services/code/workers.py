import logging
import queue
import threading
import time

log = logging.getLogger(__name__)


class WorkerPool:
    """Fixed number of workers on one queue; collects results and errors."""

    _STOP = object()

    def __init__(self, size, name="worker"):
        self._jobs = queue.Queue()
        self.results, self.errors = [], []
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._loop, name=f"{name}-{n}", daemon=True) for n in range(size)]
        for thread in self._threads:
            thread.start()

    def submit(self, func, *args, **kwargs):
        self._jobs.put((func, args, kwargs))

    def _loop(self):
        while True:
            job = self._jobs.get()
            try:
                if job is self._STOP:
                    return
                func, args, kwargs = job
                result = func(*args, **kwargs)
                with self._lock:
                    self.results.append(result)
            except Exception as exc:
                log.warning("job failed: %s", exc)
                with self._lock:
                    self.errors.append(exc)
            finally:
                self._jobs.task_done()

    def join(self):
        self._jobs.join()

    def close(self):
        for _ in self._threads:
            self._jobs.put(self._STOP)
        for thread in self._threads:
            thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


class Pipeline:
    """Stages connected by bounded queues."""

    def __init__(self, *stages, maxsize=2):
        self.stages = stages
        self.queues = [queue.Queue(maxsize) for _ in range(len(stages) + 1)]
        self.threads = []

    def _run_stage(self, stage, source, sink):
        for item in iter(source.get, None):
            for out in stage(item):
                sink.put(out)
        sink.put(None)

    def run(self, items):
        for n, stage in enumerate(self.stages):
            t = threading.Thread(target=self._run_stage, args=(stage, self.queues[n], self.queues[n + 1]))
            t.start()
            self.threads.append(t)

        def feed():
            for item in items:
                self.queues[0].put(item)
            self.queues[0].put(None)

        feeder = threading.Thread(target=feed)
        feeder.start()
        out = list(iter(self.queues[-1].get, None))
        feeder.join()
        for t in self.threads:
            t.join()
        return out


class PriorityDispatcher(threading.Thread):
    def __init__(self):
        super().__init__(name="dispatcher")
        self.queue = queue.PriorityQueue()
        self.handled = []
        self._go = threading.Event()

    def add(self, priority, name):
        self.queue.put((priority, name))

    def open(self):
        self._go.set()

    def run(self):
        self._go.wait()
        while True:
            try:
                priority, name = self.queue.get(timeout=0.05)
            except queue.Empty:
                break
            self.handled.append(name)
            self.queue.task_done()


def parallel_map(func, items, threads=4):
    items = list(items)
    results = [None] * len(items)
    index = iter(range(len(items)))
    lock = threading.Lock()

    def work():
        while True:
            with lock:
                n = next(index, None)
            if n is None:
                break
            results[n] = func(items[n])

    pool = [threading.Thread(target=work) for _ in range(threads)]
    for t in pool:
        t.start()
    for t in pool:
        t.join()
    return results


def slow_square(x):
    time.sleep(0.01 * (5 - x % 5))
    return x * x
