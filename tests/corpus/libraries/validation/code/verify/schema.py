class Schema:
    def __init__(self, **fields):
        self.fields = fields

    def errors(self, record):
        found = {}
        for name, checks in self.fields.items():
            if name not in record:
                found[name] = "is missing"
                continue
            for check in checks if isinstance(checks, tuple) else (checks,):
                result = check(record[name])
                if not result:
                    found[name] = str(result) if result is not False else f"{record[name]!r} is refused"
                    break
        found.update((name, "is unknown") for name in record if name not in self.fields)
        return found
