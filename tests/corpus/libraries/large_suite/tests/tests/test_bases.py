import pytest

from numbers_to_text import to_base


@pytest.mark.parametrize("base", range(2, 37))
@pytest.mark.parametrize("number", [-1000, -1, 0, 1, 2, 35, 36, 37, 10**6, 2**31, 2**32 - 1, 2**63, 10**20, 3**50])
def test_round_trip(number, base):
    assert int(to_base(number, base), base) == number


@pytest.mark.parametrize("number", range(-260, 260, 3))
def test_like_the_standard_library(number):
    assert to_base(number, 16) == format(number, "x")
    assert to_base(number, 2) == format(number, "b")


@pytest.mark.parametrize("base", [-1, 0, 1, 37])
def test_refused(base):
    with pytest.raises(ValueError):
        to_base(1, base)
