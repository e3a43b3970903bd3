import pytest

from textlayout import Table


def test_table():
    table = Table("name", "count", align={"count": "right"}).add("日本", 7).add("plain", 1200)
    assert str(table) == "name   count\n-----  -----\n日本       7\nplain   1200"


def test_wrong_number_of_cells():
    with pytest.raises(ValueError, match="1 cells in 2 columns"):
        Table("a", "b").add(1)
