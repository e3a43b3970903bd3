import pytest

from bus import Bus


@pytest.fixture
def bus():
    return Bus()


@pytest.fixture
def log():
    entries = []
    yield entries
    entries.clear()
