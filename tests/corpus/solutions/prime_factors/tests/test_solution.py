import doctest
import math

import solution
from solution import prime_factors


def test_small_numbers():
    assert prime_factors(1) == []
    assert prime_factors(2) == [2]
    assert prime_factors(49) == [7, 7]
    assert prime_factors(97) == [97]


def test_product():
    for number in range(2, 500):
        factors = prime_factors(number)
        assert math.prod(factors) == number
        assert all(factor % other for factor in factors for other in range(2, factor))


def test_examples_in_the_documentation():
    assert doctest.testmod(solution).failed == 0


def test_large_number():
    assert prime_factors(2**31 - 1) == [2147483647]
    assert prime_factors(600851475143) == [71, 839, 1471, 6857]
