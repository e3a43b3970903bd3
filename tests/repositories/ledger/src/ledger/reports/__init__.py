"""Reports on a book."""

from .balance import balance_report
from .monthly import monthly_report

__all__ = ["balance_report", "monthly_report"]
