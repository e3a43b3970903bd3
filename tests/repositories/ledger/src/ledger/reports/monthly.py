from collections import defaultdict

from ..amounts import format_amount
from ..dates import month_of


def monthly_report(book, account=None):
    """Returns one line for each month."""
    months = defaultdict(int)
    for entry in book.entries(account):
        months[month_of(entry.date)] += entry.cents
    return [f"{month}: {format_amount(cents)}" for month, cents in sorted(months.items())]
