import re
from dataclasses import dataclass


class ParseError(ValueError):
    def __init__(self, wanted, text, place):
        self.wanted, self.place = wanted, place
        line = text.count("\n", 0, place) + 1
        column = place - (text.rfind("\n", 0, place) + 1) + 1
        super().__init__(f"line {line}, column {column}: expected {wanted}")


@dataclass(frozen=True)
class Parser:
    run: object

    def parse(self, text):
        value, place = self.run(text, 0)
        if place != len(text):
            raise ParseError("the end", text, place)
        return value

    def __or__(self, other):
        def run(text, place):
            try:
                return self.run(text, place)
            except ParseError as first:
                try:
                    return other.run(text, place)
                except ParseError as second:
                    raise max(first, second, key=lambda error: error.place) from None

        return Parser(run)

    def __add__(self, other):
        def run(text, place):
            first, place = self.run(text, place)
            second, place = other.run(text, place)
            return (*first, second) if isinstance(first, tuple) else (first, second), place

        return Parser(run)

    def __rshift__(self, action):
        def run(text, place):
            value, place = self.run(text, place)
            return action(*value) if isinstance(value, tuple) else action(value), place

        return Parser(run)

    def __lshift__(self, other):
        return (self + other) >> (lambda *values: values[0])


def literal(words):
    def run(text, place):
        if text.startswith(words, place):
            return words, place + len(words)
        raise ParseError(repr(words), text, place)

    return Parser(run)


def pattern(expression, name=None):
    compiled = re.compile(expression)

    def run(text, place):
        found = compiled.match(text, place)
        if found is None:
            raise ParseError(name or expression, text, place)
        return found.group(), found.end()

    return Parser(run)


def many(parser):
    def run(text, place):
        values = []
        while True:
            try:
                value, after = parser.run(text, place)
            except ParseError:
                return values, place
            if after == place:
                return values, place
            values.append(value)
            place = after

    return Parser(run)


def separated(parser, by):
    rest = many((by + parser) >> (lambda _, value: value))
    return ((parser + rest) >> (lambda first, others: [first, *others])) | Parser(lambda text, place: ([], place))


def lazy(make):
    return Parser(lambda text, place: make().run(text, place))


def fail(words):
    def run(text, place):
        raise ParseError(words, text, place)

    return Parser(run)
