import re
from dataclasses import dataclass


class ParseError(ValueError):
    def __init__(self, wanted, text, place):
        self.wanted, self.place = wanted, place
        super().__init__(f"line 1, column {place}: expected {wanted}")


@dataclass(frozen=True)
class Parser:
    run: object

    def parse(self, text):
        return self.run(text, 0)[0]

    def __or__(self, other):
        def run(text, place):
            try:
                return self.run(text, place)
            except ParseError:
                return other.run(text, place)

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
    return pattern(re.escape(words), repr(words))


def pattern(expression, name=None):
    def run(text, place):
        found = re.compile(expression).match(text, place)
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
    return (parser + rest) >> (lambda first, others: [first, *others])


def lazy(make):
    return Parser(lambda text, place: make().run(text, place))


def fail(words):
    def run(text, place):
        raise ParseError(words, text, place)

    return Parser(run)
