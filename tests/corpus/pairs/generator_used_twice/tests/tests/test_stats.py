import pytest

from stats import normalise


def test_list():
    assert normalise([1, 3]) == [0.25, 0.75]


def test_generator():
    assert normalise(value for value in (1, 3)) == [0.25, 0.75]


def test_no_sum():
    with pytest.raises(ValueError, match="no sum"):
        normalise([])
