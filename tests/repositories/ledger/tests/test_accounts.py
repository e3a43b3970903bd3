from ledger.accounts import is_below, parent_of


def test_parents():
    assert parent_of("a:b:c") == "a:b"
    assert parent_of("a") is None


def test_accounts_below():
    assert is_below("a:b", "a") and is_below("a", "a")
    assert not is_below("ab", "a")
