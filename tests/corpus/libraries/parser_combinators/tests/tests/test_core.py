import pytest

from combine import ParseError, fail, lazy, literal, many, pattern, separated

a, b = literal("a"), literal("b")


@pytest.mark.parametrize(
    "parser, text, value",
    [
        (a, "a", "a"),
        (a | b, "b", "b"),
        (a + b, "ab", ("a", "b")),
        (a + b + a, "aba", ("a", "b", "a")),
        (a >> str.upper, "a", "A"),
        (a << b, "ab", "a"),
        (many(a), "", []),
        (many(a), "aaa", ["a", "a", "a"]),
        (separated(a, b), "", []),
        (separated(a, b), "aba", ["a", "a"]),
        (pattern("[0-9]+") >> int, "42", 42),
    ],
    ids=lambda it: repr(it) if isinstance(it, (str, int, list, tuple)) else None,
)
def test_value(parser, text, value):
    assert parser.parse(text) == value


@pytest.mark.parametrize(
    "parser, text, words",
    [
        (a, "b", "line 1, column 1: expected 'a'"),
        (a, "ab", "line 1, column 2: expected the end"),
        ((a + b) | (a + a), "ac", "line 1, column 2: expected 'b'"),
        (many(literal("\n")) + a, "\n\nb", "line 3, column 1: expected 'a'"),
        (pattern("[0-9]", "a digit"), "x", "line 1, column 1: expected a digit"),
        (fail("something else"), "x", "line 1, column 1: expected something else"),
    ],
)
def test_error(parser, text, words):
    with pytest.raises(ParseError) as caught:
        parser.parse(text)
    assert str(caught.value) == words


def test_recursive_grammar():
    nested = lazy(lambda: (literal("(") + nested + literal(")")) >> (lambda _, depth, __: depth + 1) | empty)
    empty = literal("") >> (lambda _: 0)
    assert nested.parse("(((())))") == 4


def test_deep_nesting():
    nested = lazy(lambda: (literal("(") + nested + literal(")")) >> (lambda _, depth, __: depth + 1) | empty)
    empty = literal("") >> (lambda _: 0)
    assert nested.parse("(" * 40 + ")" * 40) == 40


def test_many_of_nothing_ends():
    assert many(pattern("x*")).parse("") == []


def test_endless_recursion_is_an_error():
    left = lazy(lambda: left + a)
    with pytest.raises(RecursionError):
        left.parse("a")
