from ledger.rates import URL


def test_rates_are_read_safely():
    assert URL.startswith("https://")
