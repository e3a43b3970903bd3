NAME = "upper"


def apply(text):
    return text.upper()
