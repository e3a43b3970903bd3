import sys


def clamp(value, low, high):
    return max(low, min(high, value))


def newline():
    return "\r\n" if sys.platform == "win32" else "\n"
