"""Stands in for the library of this name: `key: value` lines only."""


def safe_load(text):
    return dict(line.split(": ", 1) for line in text.splitlines() if line)
