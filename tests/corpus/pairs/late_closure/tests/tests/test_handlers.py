from handlers import adders, handlers


def test_handlers():
    made = handlers(["a", "b"])
    assert made["a"]("x") == "a:x"
    assert made["b"]("x") == "b:x"


def test_adders():
    assert [add(10) for add in adders([1, 2, 3])] == [11, 12, 13]
