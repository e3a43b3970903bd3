import textwrap

import pytest

from textlayout import dedent, indent, wrap

TEXT = """The parrot sketch is about a customer who returns to a shop, because what he bought there half an hour ago
does not do what it should."""


@pytest.mark.parametrize("width", range(8, 90, 3))
def test_like_textwrap(width):
    assert wrap(TEXT, width) == textwrap.wrap(TEXT, width, break_long_words=False, break_on_hyphens=False)


@pytest.mark.parametrize("first, rest", [("* ", "  "), ("", "    "), (">>> ", "... ")])
def test_prefixes(first, rest):
    expected = textwrap.wrap(TEXT, 40, initial_indent=first, subsequent_indent=rest, break_long_words=False)
    assert wrap(TEXT, 40, first, rest) == expected


@pytest.mark.parametrize("text", ["  a\n    b\n  c", "a\n  b", "\n\n  x\n", "", "   \n  a"])
def test_dedent(text):
    assert dedent(text) == textwrap.dedent(text)


def test_indent():
    assert indent("a\n\nb", "> ") == textwrap.indent("a\n\nb", "> ") == "> a\n\n> b"


@pytest.mark.parametrize("width", [0, -1])
def test_width_is_checked(width):
    with pytest.raises(ValueError, match=f"not {width}"):
        wrap("a", width)
