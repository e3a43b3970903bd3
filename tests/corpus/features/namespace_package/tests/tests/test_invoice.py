import company
from company.billing.invoice import invoice


def test_invoice():
    assert invoice([1.25, 2]) == 325


def test_package_has_no_file():
    assert getattr(company, "__file__", None) is None
    assert len(list(company.__path__)) == 1
