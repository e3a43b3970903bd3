import contextvars
import functools
import threading
import time
from collections import defaultdict

request_id = contextvars.ContextVar("request_id", default="-")


class EventBus:
    def __init__(self):
        self._handlers = defaultdict(list)
        self._lock = threading.RLock()

    def subscribe(self, topic):
        def register(handler):
            with self._lock:
                self._handlers[topic].append(handler)
            return handler

        return register

    def publish(self, topic, payload, wait=True):
        with self._lock:
            handlers = list(self._handlers[topic])
        threads = [threading.Thread(target=h, args=(payload,), daemon=True) for h in handlers]
        for t in threads:
            t.start()
        if wait:
            for t in threads:
                t.join()
        return len(threads)


class Debouncer:
    def __init__(self, wait, func):
        self._wait, self._func, self._timer = wait, func, None
        self._lock = threading.Lock()

    def __call__(self, *args):
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(self._wait, self._func, args)
            self._timer.daemon = True
            self._timer.start()


def throttle(seconds):
    def decorate(func):
        last = [float("-inf")]
        lock = threading.Lock()

        @functools.wraps(func)
        def inner(*args, **kwargs):
            with lock:
                now = time.monotonic()
                if now - last[0] < seconds:
                    return None
                last[0] = now
            return func(*args, **kwargs)

        return inner

    return decorate


class RepeatingTimer(threading.Timer):
    def run(self):
        while not self.finished.wait(self.interval):
            self.function(*self.args, **self.kwargs)


class Heartbeat:
    def __init__(self, interval, beat):
        self.interval, self.beat = interval, beat
        self._stopping = False
        self._thread = None

    def start(self):
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def _run(self):
        while not self._stopping:
            self.beat()
            time.sleep(self.interval)

    def stop(self):
        self._stopping = True
        self._thread.join()

    __enter__ = start

    def __exit__(self, *exc):
        self.stop()


class BatchFlusher:
    """Flushes when the batch is full or the interval is over."""

    def __init__(self, flush, size, interval):
        self.flush, self.size, self.interval = flush, size, interval
        self._items, self._wake, self._closed = [], threading.Condition(), False
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    def add(self, item):
        with self._wake:
            if self._closed:
                raise RuntimeError("closed")
            self._items.append(item)
            if len(self._items) >= self.size:
                self._wake.notify()

    def _loop(self):
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._closed or len(self._items) >= self.size, timeout=self.interval)
                items, self._items = self._items, []
                closed = self._closed
            if items:
                self.flush(items)
            if closed:
                return

    def close(self):
        with self._wake:
            self._closed = True
            self._wake.notify_all()
        self._thread.join()


def retry(times, delay, errors=(Exception,)):
    def decorate(func):
        @functools.wraps(func)
        def inner(*args, **kwargs):
            for attempt in range(1, times + 1):
                try:
                    return func(*args, **kwargs)
                except errors:
                    if attempt == times:
                        raise
                    time.sleep(delay * attempt)

        return inner

    return decorate


def run_with_timeout(func, timeout, default=None):
    box = {}

    def call():
        try:
            box["value"] = func()
        except BaseException as exc:
            box["error"] = exc

    worker = threading.Thread(target=call, daemon=True)
    worker.start()
    worker.join(timeout)
    if worker.is_alive():
        return default
    if "error" in box:
        raise box["error"]
    return box["value"]
