import importlib.util

import pytest

import arrays


def test_mean():
    assert arrays.mean([1, 2, 3, 6]) == 3.0


def test_mean_of_nothing():
    with pytest.raises(ZeroDivisionError):
        arrays.mean([])


def test_flags_agree():
    assert arrays.HAS_NUMPY == (importlib.util.find_spec("numpy") is not None)
    assert not arrays.HAS_SIMD


@pytest.mark.parametrize("name", ["json", "arrays", "xml.dom", "unittest.mock"])
def test_find_spec_finds(name):
    assert importlib.util.find_spec(name).name == name
