class Inventory:
    def __init__(self):
        self.counts = {}

    def add(self, name, count=1):
        if count < 1:
            raise ValueError(f"count must be positive, not {count}")
        self.counts[name] = self.counts.get(name, 0) + count

    async def reserve(self, name):
        if not self.counts.get(name):
            raise LookupError(name)
        self.counts[name] -= 1
        return self.counts[name]
