import pytest

from solution import calculate


@pytest.mark.parametrize("text, value", [("1 + 2 * 3", 7), ("-(2 ** 3)", -8), ("7 / 2", 3.5), ("1 - 1 - 1", -1)])
def test_value(text, value):
    assert calculate(text) == value


@pytest.mark.parametrize("text", ["__import__('os')", "[1, 2]", "'a' * 3", "True"])
def test_refused(text):
    with pytest.raises(ValueError, match="not allowed"):
        calculate(text)


def test_syntax():
    with pytest.raises(SyntaxError):
        calculate("1 +")
