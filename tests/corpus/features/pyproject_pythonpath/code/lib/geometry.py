from rounding import to_cents


def area(width, height):
    return to_cents(width * height)
