"""Entries of a book."""

import datetime
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Entry:
    """One movement on one account, in cents."""

    date: datetime.date
    account: str
    cents: int
    text: str = ""

    def reversed(self):
        """Returns the entry that undoes this one."""
        return Entry(self.date, self.account, -self.cents, f"undo: {self.text}")
