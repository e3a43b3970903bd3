import sys


def shard(key, count):
    """Spreads integers over shards by their hash."""
    return hash(key) % count


def pages(items, size):
    return range(0, items, size)


def is_64_bit():
    return sys.maxsize > 2**32
