"""Dates of entries."""

import datetime


def parse_date(text):
    """Returns the date of a text such as `2024-03-01` or `01.03.2024`."""
    text = text.strip()
    if "." in text:
        day, month, year = text.split(".")
        return datetime.date(int(year), int(month), int(day))
    return datetime.date.fromisoformat(text)


def month_of(date):
    """Returns the month of a date, as `2024-03`."""
    return f"{date.year}-{date.month:02d}"


def quarter_of(date):
    """Returns the quarter of a date, as `2024-Q1`."""
    return f"{date.year}-Q{date.month // 3 + 1}"
