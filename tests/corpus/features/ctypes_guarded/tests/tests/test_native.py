from unittest import mock

from native import Engine, load_library


def test_missing_library_is_none():
    assert load_library("example-engine-that-nobody-has") is None


def test_fallback():
    assert Engine().add(1, 2) == 3


def test_library_is_used():
    library = mock.Mock()
    library.engine_add.return_value = 42
    assert Engine(lambda name: library).add(1, 2) == 42
