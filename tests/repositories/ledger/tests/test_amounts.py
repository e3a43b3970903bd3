import pytest

from ledger.amounts import format_amount, parse_amount
from ledger.errors import AmountError


@pytest.mark.parametrize("text, cents", [("0", 0), ("12", 1200), ("12.5", 1250), ("-3.07", -307), (" +1.00 ", 100)])
def test_amounts_with_a_point(text, cents):
    assert parse_amount(text) == cents


def test_amounts_with_a_comma():
    assert parse_amount("12,50") == 1250
    assert parse_amount("-0,05") == -5


@pytest.mark.parametrize("text", ["", "x", "1.234", "1..2", "--1", "1,2,3"])
def test_other_texts_are_refused(text):
    with pytest.raises(AmountError):
        parse_amount(text)


def test_formatted_amounts_are_read_again():
    assert [parse_amount(format_amount(n)) for n in (-1, 0, 99, 123456)] == [-1, 0, 99, 123456]
