"""The supplied Python files by the path that code objects have as `co_filename`."""

from ..project import absolute

_texts: dict[str, str] = {}


def hold(files: dict[str, str]):
    """Sets the supplied files, by relative path."""
    _texts.clear()
    _texts.update((absolute(path), text) for path, text in files.items() if path.endswith(".py"))


def text_of(filename: str) -> str | None:
    return _texts.get(filename)


def is_supplied(filename: str) -> bool:
    return filename in _texts
