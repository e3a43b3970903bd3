import pytest

msgpack = pytest.importorskip("msgpack")


def test_round_trip():
    assert msgpack.unpackb(msgpack.packb([1])) == [1]
