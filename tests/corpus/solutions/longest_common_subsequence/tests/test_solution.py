import pytest

from solution import lcs


@pytest.mark.parametrize(
    "first, second, length", [("", "", 0), ("abc", "abc", 3), ("abcbdab", "bdcaba", 4), ("xyz", "abc", 0)]
)
def test_length(first, second, length):
    assert len(lcs(first, second)) == length


def test_is_in_order():
    assert lcs("programming", "gaming") == "gaming"


def test_deep_recursion():
    assert len(lcs("ab" * 60, "ba" * 60)) == 119
