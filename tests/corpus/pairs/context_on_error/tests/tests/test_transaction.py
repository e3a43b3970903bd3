import pytest

from transaction import transaction


def test_kept():
    store = {"a": 1}
    with transaction(store):
        store["a"] = 2
    assert store == {"a": 2}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_restored(error):
    store = {"a": 1}
    with pytest.raises(error):
        with transaction(store):
            store["a"], store["b"] = 2, 3
            raise error
    assert store == {"a": 1}
