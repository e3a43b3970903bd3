"""Names of accounts: `assets:bank:giro`."""


def parent_of(account):
    """Returns the account that an account belongs to; None for one at the top."""
    return account.rpartition(":")[0] or None


def is_below(account, ancestor):
    return account == ancestor or account.startswith(f"{ancestor}:")
