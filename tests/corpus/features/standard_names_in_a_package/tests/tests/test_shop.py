import json
import types

from shop import json as shop_json
from shop.logging import note
from shop.types import Money


def test_money_as_json():
    assert shop_json.dumps({"price": Money(250)}) == '{"price": 250}'


def test_standard_modules_are_the_standard_ones():
    assert hasattr(json, "JSONDecoder") and hasattr(types, "ModuleType")


def test_logging(caplog):
    note("closed")
    assert [record.getMessage() for record in caplog.records] == ["shop: closed"]
