def to_cents(value):
    return round(value * 100) / 100
