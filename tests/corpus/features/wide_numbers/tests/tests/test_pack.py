import math
import random
import struct

import pytest

from pack import fnv1a, frame, unframe


def test_frame():
    assert unframe(frame(7, b"abc")) == (7, b"abc")


def test_damaged_frame():
    data = bytearray(frame(7, b"abc"))
    data[6] ^= 1
    with pytest.raises(ValueError, match="checksum"):
        unframe(bytes(data))


def test_hash_of_64_bits():
    assert fnv1a(b"hello") == 0xA430D84680AABD0B


def test_standard_sizes():
    assert [struct.calcsize(f"<{letter}") for letter in "bhilq"] == [1, 2, 4, 4, 8]


def test_large_integers():
    assert pow(3, 2**40, 10**9 + 7) == pow(pow(3, 2**20, 10**9 + 7), 2**20, 10**9 + 7)
    assert math.isqrt(10**40) == 10**20
    assert math.factorial(25) == 15511210043330985984000000


def test_random_numbers_are_those_of_the_seed():
    source = random.Random(2024)
    assert [source.randrange(100) for _ in range(4)] == [60, 23, 93, 74]
    assert random.Random("words").getrandbits(64) == 12791916211457807000
