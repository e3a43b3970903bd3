from warehouse.orders import order


def test_fulfil(stock):
    assert order.fulfil({"nail": 3, "screw": 5, "bolt": 1}, stock) == ({"nail": 3}, {"screw": 4, "bolt": 1})
    assert stock.counts == {"nail": 7, "screw": 1}


class TestNothing:
    def test_empty_order(self, stock):
        assert order.fulfil({}, stock) == ({}, {})
