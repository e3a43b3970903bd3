from collections import OrderedDict


class LRU:
    def __init__(self, size):
        if size < 1:
            raise ValueError("size must be at least 1")
        self.size, self.items = size, OrderedDict()

    def get(self, key, default=None):
        return self.items.get(key, default)

    def put(self, key, value):
        self.items[key] = value
        if len(self.items) > self.size:
            self.items.popitem(last=False)
