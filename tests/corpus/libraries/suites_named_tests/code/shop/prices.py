def with_tax(cents, percent=20):
    return cents + (cents * percent + 50) // 100
