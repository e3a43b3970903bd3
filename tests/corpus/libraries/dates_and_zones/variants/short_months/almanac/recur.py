import itertools
from datetime import timedelta


def every(start, unit, step=1):
    if step < 1 or unit not in ("day", "week", "month", "year"):
        raise ValueError(f"cannot repeat every {step} {unit}")
    days = {"day": 1, "week": 7, "month": 30, "year": 365}[unit]
    for number in itertools.count():
        yield start + timedelta(days=number * step * days)
