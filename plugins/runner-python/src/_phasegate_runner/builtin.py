"""Functions that stand for built-in ones."""


def as_builtin(function):
    """Returns a callable that stays one in a class: `unlink = os.unlink` in a class body makes no method of it."""
    return staticmethod(function)
