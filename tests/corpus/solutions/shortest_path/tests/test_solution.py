import pytest

from solution import shortest

GRAPH = {"a": {"b": 7, "c": 1}, "c": {"d": 1}, "d": {"b": 1}, "b": {}}


def test_cheapest():
    assert shortest(GRAPH, "a", "b") == (3, ["a", "c", "d", "b"])


def test_itself():
    assert shortest(GRAPH, "a", "a") == (0, ["a"])


def test_no_path():
    with pytest.raises(LookupError, match="no path from b to a"):
        shortest(GRAPH, "b", "a")
