def letter_width(letter):
    return len(letter.encode())


def cell_width(text):
    return sum(map(letter_width, text))


def clip(text, width, mark="…"):
    if cell_width(text) <= width:
        return text
    return text[: width - 1] + mark


def pad(text, width, side="left", fill=" "):
    missing = max(0, width - cell_width(text))
    if side == "left":
        return text + fill * missing
    if side == "right":
        return fill * missing + text
    return fill * (missing // 2) + text + fill * (missing - missing // 2)
