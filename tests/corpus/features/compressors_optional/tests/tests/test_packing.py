import pytest

from packing import pack, unpack


@pytest.mark.parametrize("name", ["zlib", "gzip"])
def test_round_trip(name):
    data = b"abc" * 1000
    assert len(pack(data, name)) < 100
    assert unpack(pack(data, name)) == data


def test_damaged_data():
    with pytest.raises(ValueError, match="damaged"):
        unpack(b"zlib:abc")


def test_unknown_codec():
    with pytest.raises(KeyError):
        pack(b"", "rar")
