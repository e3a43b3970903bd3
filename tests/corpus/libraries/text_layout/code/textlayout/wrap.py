import re

from .width import cell_width


def wrap(text, width, first="", rest=""):
    if width < 1:
        raise ValueError(f"width must be at least 1, not {width}")
    lines, line = [], first
    empty = True
    for word in text.split():
        if empty:
            line, empty = line + word, False
        elif cell_width(line) + 1 + cell_width(word) <= width:
            line += " " + word
        else:
            lines.append(line)
            line = rest + word
    return lines if empty else [*lines, line]


def indent(text, prefix):
    return re.sub(r"(?m)^(?=.*\S)", prefix, text)


def dedent(text):
    margins = [len(line) - len(line.lstrip()) for line in text.splitlines() if line.strip()]
    margin = min(margins, default=0)
    return "\n".join(line[margin:] if line.strip() else "" for line in text.split("\n"))
