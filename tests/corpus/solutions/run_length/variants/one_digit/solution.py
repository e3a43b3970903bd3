from itertools import groupby


def encode(text):
    return "".join(f"{len(list(run))}{letter}" for letter, run in groupby(text))


def decode(text):
    return "".join(letter * int(count) for count, letter in zip(text[::2], text[1::2]))
