import sys

REGISTRY = {}


def command(function):
    """Registers a function and adds an upper-case constant for its name to the module."""
    REGISTRY[function.__name__] = function
    setattr(sys.modules[function.__module__], function.__name__.upper(), function.__name__)
    return function


@command
def start():
    return f"{START} done"


@command
def stop():
    return f"{STOP} done"
