import pytest

from geometry import area


def test_area():
    assert area(1.5, 2) == 3.0


@pytest.mark.slow
def test_rounding():
    assert area(0.333, 1) == 0.33
