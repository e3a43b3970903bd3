from itertools import groupby


def encode(text):
    return "".join(f"{len(list(run))}{letter}" for letter, run in groupby(text))


def decode(text):
    out, count = [], ""
    for letter in text:
        if letter.isdigit():
            count += letter
        else:
            out.append(letter * int(count))
            count = ""
    return "".join(out)
