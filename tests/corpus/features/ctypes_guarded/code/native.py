import ctypes
import ctypes.util


def load_library(name):
    path = ctypes.util.find_library(name)
    if path is None:
        return None
    try:
        return ctypes.CDLL(path)
    except OSError:
        return None


class Engine:
    def __init__(self, load=load_library):
        self.library = load("example-engine-that-nobody-has")

    def add(self, a, b):
        if self.library is not None:
            return self.library.engine_add(a, b)
        return a + b
