def spiral(rows):
    rows, out = [list(row) for row in rows], []
    while rows:
        out += rows.pop(0)
        rows = [list(row)[::-1] for row in zip(*rows)]
    return out
