KNOWN = {}


def register(name, value):
    KNOWN[name] = value
