import pytest

from lru import LRU


def test_oldest_is_dropped():
    cache = LRU(2)
    for key in "abc":
        cache.put(key, key.upper())
    assert cache.get("a") is None
    assert cache.get("c") == "C"


def test_use_keeps_an_item():
    cache = LRU(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.get("a")
    cache.put("c", 3)
    assert (cache.get("a"), cache.get("b")) == (1, None)


def test_none_is_a_value():
    cache = LRU(1)
    cache.put("a", None)
    assert cache.get("a", "default") is None


def test_size_is_checked():
    with pytest.raises(ValueError):
        LRU(0)
