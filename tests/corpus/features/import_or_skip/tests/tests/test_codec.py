import sys

import pytest

from codec import encode


def test_json():
    assert encode([1]) == b"[1]"


def test_msgpack():
    pytest.importorskip("msgpack")
    assert encode([1], "msgpack") == b"\x91\x01"


@pytest.mark.skipif(sys.version_info >= (3, 9), reason="needs an old Python")
def test_old():
    assert False


@pytest.mark.xfail(reason="tuples are not kept", strict=True)
def test_tuples_survive():
    assert eval(encode((1,)).decode()) == (1,)


@pytest.mark.xfail(raises=ModuleNotFoundError)
def test_msgpack_is_missing():
    encode([1], "msgpack")
