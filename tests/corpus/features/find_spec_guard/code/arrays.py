import importlib.util

HAS_NUMPY = importlib.util.find_spec("numpy") is not None
HAS_SIMD = importlib.util.find_spec("numpy.core._simd") is not None if HAS_NUMPY else False

if HAS_NUMPY:
    import numpy as np

    def mean(values):
        return float(np.mean(values))

else:

    def mean(values):
        values = list(values)
        return sum(values) / len(values)
