from half import half


def test_half():
    assert half(4) == 2
