import a_library_that_nobody_has

from double import double


def test_double():
    assert double(a_library_that_nobody_has.TWO) == 4
