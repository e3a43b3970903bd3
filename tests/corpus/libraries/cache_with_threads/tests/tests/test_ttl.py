from stash import TTLCache

from . import MappingTests


class Timer:
    now = 0

    def __call__(self):
        return self.now


class TestTTLCache(MappingTests):
    def make(self, size, ttl=10):
        return TTLCache(size, ttl, timer=Timer())

    def test_items_vanish(self):
        cache = self.make(3, ttl=5)
        cache["a"] = 1
        cache.timer.now = 4
        cache["b"] = 2
        assert list(cache) == ["a", "b"]
        cache.timer.now = 5
        assert list(cache) == ["b"]
        assert cache.get("a") is None

    def test_expired_make_room(self):
        cache = self.make(2, ttl=5)
        cache["a"] = 1
        cache.timer.now = 3
        cache["b"] = 2
        cache.timer.now = 6
        cache["c"] = 3
        assert sorted(cache) == ["b", "c"]

    def test_setting_again_renews(self):
        cache = self.make(2, ttl=5)
        cache["a"] = 1
        cache.timer.now = 4
        cache["a"] = 2
        cache.timer.now = 8
        assert cache["a"] == 2
