"""Errors of the ledger."""


class LedgerError(Exception):
    """Any error of this package."""


class AmountError(LedgerError, ValueError):
    """A text is no amount."""


class FormatError(LedgerError):
    """A file has another format."""

    def __init__(self, path, line, reason):
        super().__init__(f"{path}:{line}: {reason}")
        self.path = path
        self.line = line
