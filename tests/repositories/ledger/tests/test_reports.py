from ledger.reports import balance_report, monthly_report


def test_balance_report(book):
    assert balance_report(book) == ["assets:bank: 87.50", "assets:cash: 5.00"]


def test_monthly_report(book):
    assert monthly_report(book) == ["2024-03: 87.50", "2024-04: 5.00"]
