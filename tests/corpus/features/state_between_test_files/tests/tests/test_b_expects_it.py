from registry import KNOWN


def test_left_by_the_other_file():
    assert KNOWN == {"a": 1}
