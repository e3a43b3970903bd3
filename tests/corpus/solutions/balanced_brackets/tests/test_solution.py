from solution import balanced


def check(candidate):
    assert candidate("")
    assert candidate("a(b)c")
    assert candidate("([]{})")
    assert not candidate("(")
    assert not candidate("([)]")
    assert not candidate(")(")


def test_candidate():
    check(balanced)
