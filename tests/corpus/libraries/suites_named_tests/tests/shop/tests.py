import pytest

from shop.prices import with_tax


@pytest.mark.parametrize("cents, percent, total", [(100, 20, 120), (1, 20, 1), (3, 20, 4), (999, 7, 1069)])
def test_with_tax(cents, percent, total):
    assert with_tax(cents, percent) == total
