def spiral(rows):
    rows, out = [list(row) for row in rows], []
    while rows:
        out += rows.pop(0)
        rows = [list(row) for row in zip(*rows)][::-1]
    return out
