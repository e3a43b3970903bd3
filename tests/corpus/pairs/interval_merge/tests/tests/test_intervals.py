import pytest

from intervals import merge


@pytest.mark.parametrize(
    "given, merged",
    [
        ([], []),
        ([(1, 3)], [(1, 3)]),
        ([(5, 6), (1, 3), (2, 4)], [(1, 4), (5, 6)]),
        ([(1, 10), (2, 3)], [(1, 10)]),
        ([(1, 2), (2, 3)], [(1, 3)]),
    ],
    ids=["none", "one", "overlap", "contained", "touching"],
)
def test_merge(given, merged):
    assert merge(given) == merged
