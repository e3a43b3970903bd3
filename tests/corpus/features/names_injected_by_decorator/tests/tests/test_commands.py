from commands import REGISTRY, START, STOP, start


def test_constants():
    assert (START, STOP) == ("start", "stop")


def test_registry():
    assert [REGISTRY[name]() for name in (START, STOP)] == ["start done", "stop done"]
    assert REGISTRY["start"] is start
