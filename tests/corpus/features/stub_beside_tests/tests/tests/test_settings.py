from settings import load


def test_values():
    assert load("name: x\nport: 80\n") == {"name": "x", "port": "80", "debug": "false"}


def test_default_is_kept():
    assert load("debug: true")["debug"] == "true"
