import contextlib


@contextlib.contextmanager
def transaction(store):
    yield store
