class OutOfStock(Exception):
    def __init__(self, name, missing):
        super().__init__(f"{missing} of {name} missing")
        self.name, self.missing = name, missing
