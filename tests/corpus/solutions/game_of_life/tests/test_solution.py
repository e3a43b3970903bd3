from solution import step

BLINKER = {(0, 1), (1, 1), (2, 1)}
BLOCK = {(0, 0), (0, 1), (1, 0), (1, 1)}
GLIDER = {(1, 0), (2, 1), (0, 2), (1, 2), (2, 2)}


def test_blinker():
    assert step(BLINKER) == {(1, 0), (1, 1), (1, 2)}
    assert step(step(BLINKER)) == BLINKER


def test_block_stays():
    assert step(BLOCK) == BLOCK


def test_glider_moves():
    cells = GLIDER
    for _ in range(4):
        cells = step(cells)
    assert cells == {(x + 1, y + 1) for x, y in GLIDER}


def test_crowded_cell_dies():
    plus = {(1, 1), (0, 1), (2, 1), (1, 0), (1, 2)}
    assert (1, 1) not in step(plus)
