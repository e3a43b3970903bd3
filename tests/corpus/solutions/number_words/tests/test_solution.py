import pytest

from solution import words

SAMPLES = """
0 zero
13 thirteen
20 twenty
42 forty-two
100 one hundred
115 one hundred and fifteen
999 nine hundred and ninety-nine
1000 one thousand
2026 two thousand twenty-six
12345 twelve thousand three hundred and forty-five
"""


@pytest.mark.parametrize("line", SAMPLES.strip().splitlines())
def test_words(line):
    number, expected = line.split(" ", 1)
    assert words(int(number)) == expected
