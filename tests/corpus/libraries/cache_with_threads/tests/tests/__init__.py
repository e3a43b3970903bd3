import collections.abc


class MappingTests:
    """What each mapping must do; subclasses define `make`."""

    def test_set_and_get(self):
        cache = self.make(2)
        cache["a"] = 1
        assert cache["a"] == 1 and "a" in cache and len(cache) == 1

    def test_missing(self):
        import pytest

        with pytest.raises(KeyError):
            self.make(2)["a"]

    def test_size_is_bounded(self):
        cache = self.make(3)
        for number in range(10):
            cache[number] = number
        assert len(cache) == 3

    def test_is_a_mutable_mapping(self):
        cache = self.make(5)
        assert isinstance(cache, collections.abc.MutableMapping)
        cache.update(a=1, b=2)
        assert dict(cache.items()) == {"a": 1, "b": 2}
        assert cache.pop("a") == 1
        assert cache.setdefault("b", 3) == 2
        cache.clear()
        assert not cache
