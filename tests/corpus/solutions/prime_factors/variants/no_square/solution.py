from typing import List


def prime_factors(number: int) -> List[int]:
    factors, divisor = [], 2
    while divisor * divisor < number:
        if number % divisor:
            divisor += 1
        else:
            number //= divisor
            factors.append(divisor)
    return factors + [number] if number > 1 else factors
