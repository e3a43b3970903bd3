import random

import pytest

from search import find


@pytest.mark.parametrize("size", range(12))
def test_every_place(size):
    items = list(range(0, 2 * size, 2))
    assert [find(items, item) for item in items] == list(range(size))


@pytest.mark.parametrize("size", range(6))
def test_missing_items(size):
    items = list(range(0, 2 * size, 2))
    assert {find(items, item) for item in range(-1, 2 * size + 2, 2)} == {-1}


def test_first_of_equals():
    assert find([1, 2, 2, 2, 3], 2) == 1


def test_random_lists():
    source = random.Random(7)
    for _ in range(50):
        items = sorted({source.randrange(1000) for _ in range(40)})
        wanted = source.choice(items)
        assert items[find(items, wanted)] == wanted
