import redis
from redis.exceptions import ConnectionError as RedisDown


class Cache:
    def __init__(self, url):
        self.client = redis.Redis.from_url(url)

    def get(self, key, default=None):
        try:
            value = self.client.get(key)
        except RedisDown:
            return default
        return default if value is None else value
