from .parse import parse_date, parse_duration
from .recur import every
from .zones import convert, next_change

__all__ = ["convert", "every", "next_change", "parse_date", "parse_duration"]
