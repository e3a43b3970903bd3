from collections import Counter


def step(cells):
    near = Counter((x + i, y + j) for x, y in cells for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j)
    return {cell for cell, count in near.items() if count == 3 or (count == 2 and cell in cells)}
