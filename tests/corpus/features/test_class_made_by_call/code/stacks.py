class ListStack:
    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(item)

    def pop(self):
        return self.items.pop()

    def __len__(self):
        return len(self.items)


class LinkedStack:
    def __init__(self):
        self.head, self.size = None, 0

    def push(self, item):
        self.head, self.size = (item, self.head), self.size + 1

    def pop(self):
        if self.head is None:
            raise IndexError("pop from empty stack")
        (item, self.head), self.size = self.head, self.size - 1
        return item

    def __len__(self):
        return self.size
