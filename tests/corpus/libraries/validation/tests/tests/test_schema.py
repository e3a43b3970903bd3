import pytest

from verify import Schema, email, integer, length


@pytest.fixture(scope="module")
def schema():
    return Schema(name=(length, lambda value: value != "root"), mail=email, age=(integer, lambda age: age >= 0))


GOOD = {"name": "ann", "mail": "ann@example.com", "age": 3}


def test_good(schema):
    assert schema.errors(GOOD) == {}


@pytest.mark.parametrize(
    "change, errors",
    [
        ({"name": "root"}, {"name": "'root' is refused"}),
        ({"mail": "x"}, {"mail": "'x' is not valid: email"}),
        ({"age": -1}, {"age": "-1 is refused"}),
        ({"age": "3"}, {"age": "'3' is not valid: integer"}),
        ({"more": 1}, {"more": "is unknown"}),
    ],
)
def test_errors(schema, change, errors):
    assert schema.errors({**GOOD, **change}) == errors


@pytest.mark.parametrize("name", GOOD)
def test_missing(schema, name):
    assert schema.errors({key: value for key, value in GOOD.items() if key != name}) == {name: "is missing"}
