"""Finds the examples of a module, and runs one of them."""

import doctest
import io

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def find(module):
    return [test for test in doctest.DocTestFinder().find(module) if test.examples]


def run(test):
    out = io.StringIO()
    result = doctest.DocTestRunner(optionflags=OPTIONS, verbose=False).run(test, out=out.write)
    return result.attempted, result.failed, out.getvalue()
