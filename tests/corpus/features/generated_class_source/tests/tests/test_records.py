import pytest

from records import record

Point = record("Point", "x y")


def test_fields():
    point = Point(1, y=2)
    assert (point.x, point.y) == (1, 2)


def test_equality():
    assert Point(1, 2) == Point(1, 2)
    assert not Point(1, 2) == Point(2, 1)


def test_wrong_arguments():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'y'"):
        Point(1)


def test_slots():
    with pytest.raises(AttributeError):
        Point(1, 2).z = 3
