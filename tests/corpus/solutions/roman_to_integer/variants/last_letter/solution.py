VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def to_integer(text):
    total = 0
    for letter, following in zip(text, text[1:]):
        value = VALUES[letter]
        total += -value if VALUES[following] > value else value
    return total
