class Basket:
    def __init__(self, items=None):
        self.items = [] if items is None else list(items)

    def add(self, item):
        self.items.append(item)
        return self
