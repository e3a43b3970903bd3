"""A book of entries."""

from .accounts import is_below


class Book:
    """Entries in the order of their dates."""

    def __init__(self, entries=()):
        self._entries = sorted(entries)

    def add(self, entry):
        self._entries.append(entry)
        self._entries.sort()

    def entries(self, account=None):
        """Returns the entries, or those of an account and the accounts below."""
        if account is None:
            return list(self._entries)
        return [e for e in self._entries if is_below(e.account, account)]

    def balance(self, account):
        """Returns the cents on an account."""
        return sum(e.cents for e in self.entries(account))
