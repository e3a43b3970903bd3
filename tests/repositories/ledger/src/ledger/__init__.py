"""A small double-entry ledger."""

from .amounts import format_amount, parse_amount
from .book import Book
from .entries import Entry

__all__ = ["Book", "Entry", "format_amount", "parse_amount"]
