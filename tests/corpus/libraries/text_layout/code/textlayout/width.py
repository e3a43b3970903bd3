import functools
import unicodedata


@functools.lru_cache(maxsize=4096)
def letter_width(letter):
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def cell_width(text):
    return sum(map(letter_width, text))


def clip(text, width, mark="…"):
    if cell_width(text) <= width:
        return text
    kept, used = [], cell_width(mark)
    for letter in text:
        used += letter_width(letter)
        if used > width:
            break
        kept.append(letter)
    return "".join(kept) + mark


def pad(text, width, side="left", fill=" "):
    missing = max(0, width - cell_width(text))
    if side == "left":
        return text + fill * missing
    if side == "right":
        return fill * missing + text
    return fill * (missing // 2) + text + fill * (missing - missing // 2)
