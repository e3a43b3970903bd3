import pytest
import redis

from cachelayer import Cache


@pytest.fixture
def cache():
    return Cache("redis://localhost")


def test_value(cache):
    cache.client.values["a"] = b"1"
    assert cache.get("a") == b"1"


def test_default(cache):
    assert cache.get("nothing", 7) == 7


def test_default_when_the_server_is_down(cache, monkeypatch):
    monkeypatch.setattr(redis.Redis, "down", True)
    assert cache.get("a", "fallback") == "fallback"
