import pytest

from report import export_as_spreadsheet, total

ORDERS = [{"price": 3, "count": 2}, {"price": 5, "count": 1}]


def test_total():
    assert total(ORDERS) == 11


def test_export_names_the_missing_library(tmp_path):
    with pytest.raises(ModuleNotFoundError) as caught:
        export_as_spreadsheet(ORDERS, tmp_path / "orders.xlsx")
    assert caught.value.name == "openpyxl"
