"""Plain text for people."""

from ..amounts import format_amount


def write(entries):
    return "".join(f"{e.date} {e.account:<24} {format_amount(e.cents):>12} {e.text}\n" for e in entries)
