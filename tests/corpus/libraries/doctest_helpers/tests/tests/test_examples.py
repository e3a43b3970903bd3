import doctest
import pathlib

import pytest

import units
from examples import find, run


@pytest.mark.parametrize("test", find(units), ids=lambda test: test.name)
def test_example(test):
    attempted, failed, words = run(test)
    assert attempted and not failed, words


def test_readme():
    path = pathlib.Path(units.__file__).parent / "README.rst"
    result = doctest.testfile(str(path), module_relative=False)
    assert (result.failed, result.attempted) == (0, 2)


def test_failures_are_described():
    test = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    attempted, failed, words = run(test)
    assert (attempted, failed) == (1, 1)
    assert "Expected:\n    3\nGot:\n    2" in words
