import json
import random
import string

import pytest

from combine import ParseError
from combine.json_like import document


@pytest.mark.parametrize(
    "text", ["1", "-2.5", '"a b"', "true", "null", "[]", "[1, [2, []], {}]", '{"a": 1, "b": {"c": [null]}}', "[ 1 ,2 ]"]
)
def test_like_json(text):
    assert document.parse(text) == json.loads(text)


@pytest.mark.parametrize("text", ["", "[1", "[1,]", '{"a" 1}', "tru", "[1] x"])
def test_refused_like_json(text):
    with pytest.raises(ParseError):
        document.parse(text)
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


def made(source, depth=3):
    kind = source.randrange(6 if depth else 4)
    if kind == 4:
        return [made(source, depth - 1) for _ in range(source.randrange(4))]
    if kind == 5:
        return {source.choice(string.ascii_letters): made(source, depth - 1) for _ in range(source.randrange(4))}
    return [source.randrange(-99, 99), source.choice(string.ascii_letters), True, None][kind]


@pytest.mark.parametrize("seed", range(40))
def test_random_documents(seed):
    value = made(random.Random(seed))
    assert document.parse(json.dumps(value)) == value
