import pytest

from accounts import Overdrawn


@pytest.mark.balance(10)
def test_withdraw(account, amount):
    account.withdraw(amount)
    assert account.balance == 10 - amount


def test_overdrawn(account, amount):
    with pytest.raises(Overdrawn, match=f"{amount} of 0"):
        account.withdraw(amount)


def test_small(small):
    with pytest.raises(Overdrawn):
        small.withdraw(2)


def test_option(currency):
    assert currency == "EUR"


class TestClasses:
    @pytest.fixture(autouse=True)
    def prepare(self, account):
        self.account = account

    def test_prepared(self):
        assert self.account.balance == 0

    @pytest.mark.parametrize("a, b", [(1, 2), pytest.param(3, 4, id="named")])
    @pytest.mark.parametrize("sign", ["+", "-"])
    def test_products(self, a, b, sign):
        assert a < b and sign in "+-"
