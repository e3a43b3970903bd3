import pytest

from prices import discount, parse


def test_discount():
    assert discount(200, 10) == 180


def test_wrong_expectation():
    assert discount(200, 10) == 181


def test_exception():
    parse("ten")


@pytest.fixture
def broken():
    raise LookupError("the fixture")


@pytest.fixture
def broken_later():
    yield 1
    raise LookupError("at the end")


def test_setup(broken):
    pass


def test_teardown(broken_later):
    assert broken_later == 1


def test_unknown_fixture(nobody):
    pass


@pytest.mark.xfail(strict=True)
def test_unexpectedly_fine():
    assert discount(100, 50) == 50


def test_fail_by_name():
    pytest.fail("on purpose")


def test_exit_code():
    raise SystemExit(3)


@pytest.mark.parametrize("price", [100, 101, 102])
def test_halves(price):
    assert discount(price, 50) * 2 == price
