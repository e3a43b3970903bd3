import pytest

import rules


@pytest.mark.parametrize("name, limit", [("short", 3), ("long", 30)])
def test_limit(name, limit):
    assert rules.limit(name) == limit


def test_direct_import():
    import rules_long

    assert rules_long.limit == 30


def test_unknown_rules():
    with pytest.raises(ModuleNotFoundError, match="rules_none"):
        rules.limit("none")
