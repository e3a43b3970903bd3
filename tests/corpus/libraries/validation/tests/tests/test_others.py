import uuid

import pytest

from verify import Invalid, in_range, integer, ip_address, length, matches, one_of, slug, uuid4


@pytest.mark.parametrize("seed", range(50))
def test_uuid4(seed):
    made = uuid.UUID(int=seed * 0x1234567890ABCDEF1234567, version=4)
    assert uuid4(str(made))
    assert uuid4(str(made).upper())
    assert not uuid4(made.hex)


@pytest.mark.parametrize("version", [1, 3, 5])
def test_other_uuids(version):
    assert not uuid4(str(uuid.UUID(int=1 << 100, version=version)))


@pytest.mark.parametrize("last", range(0, 256, 5))
def test_ip_address(last):
    assert ip_address(f"10.0.0.{last}")
    assert ip_address(f"fe80::{last:x}", version=6)
    assert not ip_address(f"10.0.0.{last}", version=6)
    assert not ip_address(f"10.0.0.{last + 256}")


@pytest.mark.parametrize("value, good", [("a", 1), ("a-b", 1), ("a--b", 0), ("-a", 0), ("A", 0), ("", 0), ("é", 0)])
def test_slug(value, good):
    assert bool(slug(value)) == bool(good)


@pytest.mark.parametrize("value", [0, -1, 10**30])
def test_integer(value):
    assert integer(value)


@pytest.mark.parametrize("value", [True, 1.0, "1", None])
def test_no_integer(value):
    assert not integer(value)


def test_ranges():
    assert in_range(5, 1, 5) and in_range(5, low=1) and in_range("b", "a", "c")
    assert not in_range(6, 1, 5) and not in_range("x", 1)
    assert length("abc", 3, 3) and not length(3)


def test_words_of_the_error():
    error = one_of("d", "a", "b")
    assert isinstance(error, Invalid)
    assert str(error) == "'d' is not valid: one_of"
    assert matches("ab12", r"[a-z]+\d+")
