import random

import pytest

from solution import decode, encode


def test_encode():
    assert encode("aaab") == "3a1b"


@pytest.mark.parametrize("seed", range(10))
def test_round_trip(seed):
    source = random.Random(seed)
    text = "".join(source.choice("ab") * source.randint(1, 15) for _ in range(20))
    assert decode(encode(text)) == text
