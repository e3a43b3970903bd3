import sys

from clamp import clamp, newline

if sys.platform == "win32":

    def test_newline():
        assert newline() == "\r\n"

else:

    def test_newline():
        assert newline() == "\n"


if True:

    def test_clamp():
        assert [clamp(value, 0, 5) for value in (-1, 3, 9)] == [0, 3, 5]


try:
    import hypothesis  # noqa: F401
except ImportError:
    pass
else:

    def test_property():
        assert False, "the library is not here"


for name in ("low", "high"):

    def check(value=-1 if name == "low" else 9, expected=0 if name == "low" else 5):
        assert clamp(value, 0, 5) == expected

    globals()[f"test_{name}"] = check
