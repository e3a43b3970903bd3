import pytest

from .errors import OutOfStock


def test_take(stock):
    assert stock.take("nail", 4) == 6


def test_out_of_stock(stock):
    with pytest.raises(OutOfStock, match="2 of screw missing") as caught:
        stock.take("screw", 3)
    assert caught.value.name == "screw"
