from ..amounts import format_amount


def balance_report(book):
    """Returns one line for each account."""
    accounts = sorted({entry.account for entry in book.entries()})
    return [f"{account}: {format_amount(book.balance(account))}" for account in accounts]
