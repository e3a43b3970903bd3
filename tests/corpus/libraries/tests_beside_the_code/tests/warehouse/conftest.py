import pytest

from warehouse.stock import Stock


@pytest.fixture
def stock():
    return Stock(nail=10, screw=1)
