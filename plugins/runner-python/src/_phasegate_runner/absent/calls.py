"""Refuses calls that the sandbox cannot do, and notes them for the report of the running test.

A refusal is a NotImplementedError, which code seldom catches by accident. Where the same call fails in an ordinary test
run too, because there is no terminal or display, the error is the one that code knows from there.
"""

HINT = "replace the call in the test (unittest.mock.patch)"
_MOST_NAMES = 20

_noted: dict[str, None] = {}


def note(name: str):
    """Records that `name` was called, for the running test."""
    if len(_noted) <= _MOST_NAMES:
        _noted.setdefault(name)


def forget():
    """Begins the record of the next test."""
    _noted.clear()


def noted() -> str:
    """Returns one line for each refused call of the running test; at most 20."""
    lines = [f"{name} was called and is not available here" for name in [*_noted][:_MOST_NAMES]]
    return "\n".join([*lines, "more names are left out"] if len(_noted) > _MOST_NAMES else lines)


def refusal(name: str, kind=NotImplementedError) -> Exception:
    """Notes the call and returns the error to raise."""
    note(name)
    return kind(f"{name} is not available in the test sandbox: {HINT}")


def refused(name: str, kind=NotImplementedError):
    """Returns a function that raises when it is called."""

    def call(*args, **kwargs):
        __tracebackhide__ = True
        raise refusal(name, kind)

    call.__name__ = name.rpartition(".")[2]
    call.__qualname__ = call.__name__
    call.__module__ = name.rpartition(".")[0]
    return call
