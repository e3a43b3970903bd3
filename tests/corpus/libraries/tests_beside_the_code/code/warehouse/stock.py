from .errors import OutOfStock


class Stock:
    def __init__(self, **counts):
        self.counts = counts

    def take(self, name, count=1):
        left = self.counts.get(name, 0) - count
        if left < 0:
            raise OutOfStock(name, -left)
        self.counts[name] = left
        return left
