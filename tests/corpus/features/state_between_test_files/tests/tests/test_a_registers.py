from registry import KNOWN, register


def test_register():
    register("a", 1)
    assert KNOWN == {"a": 1}
