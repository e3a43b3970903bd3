import collections.abc
import functools
import threading
import time


class TTLCache(collections.abc.MutableMapping):
    """A mapping whose items vanish after a time; the least recently set one makes room for another."""

    def __init__(self, maxsize, ttl, timer=time.monotonic):
        self.maxsize, self.ttl, self.timer = maxsize, ttl, timer
        self._items = {}

    def __getitem__(self, key):
        value, until = self._items[key]
        if until <= self.timer():
            raise KeyError(key)
        return value

    def __setitem__(self, key, value):
        self._items.pop(key, None)
        self.expire()
        while len(self._items) >= self.maxsize:
            del self._items[next(iter(self._items))]
        self._items[key] = value, self.timer() + self.ttl

    def __delitem__(self, key):
        del self._items[key]

    def __iter__(self):
        return (key for key in list(self._items) if key in self)

    def __len__(self):
        return sum(1 for _ in self)

    def expire(self):
        now = self.timer()
        for key in [key for key, (_, until) in self._items.items() if until <= now]:
            del self._items[key]


def cached(cache, key=lambda *args, **kwargs: (args, tuple(sorted(kwargs.items()))), lock=None):
    def decorate(function):
        hits = misses = 0

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            nonlocal hits, misses
            it = key(*args, **kwargs)
            with lock or threading.Lock():
                try:
                    value = cache[it]
                    hits += 1
                    return value
                except KeyError:
                    misses += 1
            value = function(*args, **kwargs)
            with lock or threading.Lock():
                return cache.setdefault(it, value)

        wrapper.info = lambda: (hits, misses, len(cache))
        return wrapper

    return decorate


class lock_per_key:
    """A context manager that gives each key a lock of its own."""

    def __init__(self):
        self._guard, self._locks = threading.Lock(), {}

    def __call__(self, key):
        with self._guard:
            return self._locks.setdefault(key, threading.RLock())
