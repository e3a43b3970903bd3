import contextlib


@contextlib.contextmanager
def transaction(store):
    before = dict(store)
    try:
        yield store
    except Exception:
        store.clear()
        store.update(before)
