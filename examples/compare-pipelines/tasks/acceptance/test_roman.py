"""What must hold of `roman`, whoever writes it. No agent sees this file."""

import pytest

from roman import to_roman


@pytest.mark.parametrize(
    ("number", "numeral"), [(1, "I"), (4, "IV"), (9, "IX"), (40, "XL"), (99, "XCIX"), (444, "CDXLIV"), (3999, "MMMCMXCIX")]
)
def test_numbers_have_their_usual_numeral(number, numeral):
    assert to_roman(number) == numeral


@pytest.mark.parametrize("number", [-1, 0, 4000])
def test_other_numbers_are_refused(number):
    with pytest.raises(ValueError):
        to_roman(number)
