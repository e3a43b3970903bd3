import tinydown

from .attach import from_file


@from_file("inline.txt")
class TestInline:
    convert = staticmethod(tinydown.inline)


@from_file("code.txt")
class TestCode:
    convert = staticmethod(tinydown.inline)
