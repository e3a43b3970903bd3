import calendar
import itertools


def every(start, unit, step=1):
    """Yields dates from `start` on. A month that is too short gives its last day."""
    if step < 1 or unit not in ("day", "week", "month", "year"):
        raise ValueError(f"cannot repeat every {step} {unit}")
    for number in itertools.count():
        if unit in ("day", "week"):
            yield type(start).fromordinal(start.toordinal() + number * step * (7 if unit == "week" else 1))
            continue
        months = start.month - 1 + number * step * (12 if unit == "year" else 1)
        year, month = start.year + months // 12, months % 12 + 1
        yield start.replace(year=year, month=month, day=min(start.day, calendar.monthrange(year, month)[1]))
