import sys
import types


class FakeRedis:
    down = False

    def __init__(self):
        self.values = {}

    @classmethod
    def from_url(cls, url):
        assert url.startswith("redis://")
        return cls()

    def get(self, key):
        if FakeRedis.down:
            raise sys.modules["redis.exceptions"].ConnectionError("down")
        return self.values.get(key)


redis = types.ModuleType("redis")
redis.Redis = FakeRedis
redis.exceptions = types.ModuleType("redis.exceptions")
redis.exceptions.ConnectionError = type("ConnectionError", (Exception,), {})
sys.modules["redis"] = redis
sys.modules["redis.exceptions"] = redis.exceptions
