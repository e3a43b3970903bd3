import pytest

from accounts import Account


def pytest_addoption(parser):
    parser.addoption("--currency", default="EUR")


def pytest_configure(config):
    config.addinivalue_line("markers", "balance(amount): the balance of the fixture `account`")


def pytest_generate_tests(metafunc):
    if "amount" in metafunc.fixturenames:
        metafunc.parametrize("amount", [1, 5, 10])


@pytest.fixture
def account(request):
    marker = request.node.get_closest_marker("balance")
    return Account(marker.args[0] if marker else 0)


@pytest.fixture(scope="session")
def currency(request):
    return request.config.getoption("--currency")


@pytest.fixture(params=[0, 1], ids=["empty", "one"])
def small(request):
    yield Account(request.param)
