import textwrap

import pytest

from wrapping import wrap

TEXT = "The quick brown fox jumps over the lazy dog near incomprehensibilities"


@pytest.mark.parametrize("width", range(5, 30))
def test_like_the_standard_library(width):
    expected = textwrap.wrap(TEXT[:43], width)
    assert wrap(TEXT[:43], width) == expected


@pytest.mark.parametrize("width", [5, 8, 13])
def test_no_line_is_too_long(width):
    assert all(len(line) <= width for line in wrap(TEXT, width))


def test_no_letter_is_lost():
    assert "".join(wrap(TEXT, 7)) == TEXT.replace(" ", "")


def test_nothing():
    assert wrap("  ", 5) == []
