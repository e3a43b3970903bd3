import contextlib


@contextlib.contextmanager
def transaction(store):
    before = dict(store)
    try:
        yield store
    except BaseException:
        store.clear()
        store.update(before)
        raise
