from math import does_not_exist  # noqa: F401


def half(value):
    return value / 2
