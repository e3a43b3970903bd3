"""Differences of two texts as a unified diff, for prompts."""

CONTEXT = 3
# The most pairs of lines that are compared. Beyond it, everything between the first and the last change counts as
# changed.
MAX_PAIRS = 4_000_000
# Pieces of equal and of changed lines: start and end in the old and in the new text.
Piece = tuple[bool, int, int, int, int]


def unified(path: str, old: str | None, new: str | None) -> str:
    """Returns the difference of a file's text as a unified diff with three lines of context. `None` is a file that
    does not exist. Empty if both texts are equal.
    """
    if old == new:
        return ""
    names = ("/dev/null" if text is None else f"{side}/{path}" for side, text in (("a", old), ("b", new)))
    old_lines, new_lines = split(old or ""), split(new or "")
    text = "--- {}\n+++ {}\n".format(*names)
    for hunk in hunks_of(pieces_of(old_lines, new_lines)):
        text += render(hunk, old_lines, new_lines)
    return text


def split(text: str) -> list[str]:
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def pieces_of(old: list[str], new: list[str]) -> list[Piece]:
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    old_end, new_end = len(old) - end, len(new) - end
    pairs = [(at, at) for at in range(start)]
    if (old_end - start) * (new_end - start) <= MAX_PAIRS:
        pairs += [(start + a, start + b) for a, b in common_lines(old[start:old_end], new[start:new_end])]
    pairs += [(old_end + at, new_end + at) for at in range(end)]
    return joined(pairs, len(old), len(new))


def common_lines(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Returns the pairs of a longest common subsequence."""
    lengths = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for a in range(len(old) - 1, -1, -1):
        row, below = lengths[a], lengths[a + 1]
        for b in range(len(new) - 1, -1, -1):
            row[b] = below[b + 1] + 1 if old[a] == new[b] else max(below[b], row[b + 1])
    pairs, a, b = [], 0, 0
    while a < len(old) and b < len(new):
        if old[a] == new[b]:
            pairs.append((a, b))
            a, b = a + 1, b + 1
        elif lengths[a + 1][b] >= lengths[a][b + 1]:
            a += 1
        else:
            b += 1
    return pairs


def joined(pairs: list[tuple[int, int]], old_len: int, new_len: int) -> list[Piece]:
    """Returns runs of equal lines, and what lies between them, in their order."""
    pieces: list[Piece] = []
    a = b = 0
    for old_at, new_at in [*pairs, (old_len, new_len)]:
        if (old_at, new_at) != (a, b):
            pieces.append((False, a, old_at, b, new_at))
        is_last = (old_at, new_at) == (old_len, new_len)
        if not is_last and pieces and pieces[-1][0]:
            _, from_old, _, from_new, _ = pieces.pop()
            pieces.append((True, from_old, old_at + 1, from_new, new_at + 1))
        elif not is_last:
            pieces.append((True, old_at, old_at + 1, new_at, new_at + 1))
        a, b = old_at + 1, new_at + 1
    return pieces


def hunks_of(pieces: list[Piece]) -> list[list[Piece]]:
    """Groups changes that are at most twice the context apart, with the context around them."""
    hunks: list[list[Piece]] = [[]]
    for at, piece in enumerate(pieces):
        is_equal, old_start, old_end, new_start, new_end = piece
        is_first, is_last = at == 0, at == len(pieces) - 1
        head = (True, old_start, min(old_start + CONTEXT, old_end), new_start, min(new_start + CONTEXT, new_end))
        tail = (True, max(old_end - CONTEXT, old_start), old_end, max(new_end - CONTEXT, new_start), new_end)
        if not is_equal:
            hunks[-1].append(piece)
        elif is_first:
            hunks[-1].append(tail)
        elif is_last:
            hunks[-1].append(head)
        elif old_end - old_start > 2 * CONTEXT:
            hunks[-1].append(head)
            hunks.append([tail])
        else:
            hunks[-1].append(piece)
    return hunks


def render(hunk: list[Piece], old: list[str], new: list[str]) -> str:
    old_range, new_range = (hunk[0][1], hunk[-1][2]), (hunk[0][3], hunk[-1][4])
    text = f"@@ -{render_range(*old_range)} +{render_range(*new_range)} @@\n"
    for is_equal, old_start, old_end, new_start, new_end in hunk:
        text += marked(" " if is_equal else "-", old[old_start:old_end])
        text += "" if is_equal else marked("+", new[new_start:new_end])
    return text


def marked(mark: str, lines: list[str]) -> str:
    ends = ("\n" if line.endswith("\n") else "\n\\ No newline at end of file\n" for line in lines)
    return "".join(mark + line.rstrip("\r\n") + end for line, end in zip(lines, ends))


def render_range(start: int, end: int) -> str:
    if end - start == 1:
        return str(start + 1)
    return f"{start},0" if end == start else f"{start + 1},{end - start}"
