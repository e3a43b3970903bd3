from weather import temperature


def test_temperature():
    assert temperature("Oslo") == 4


def test_timeout_gives_none():
    assert temperature("Nowhere") is None
