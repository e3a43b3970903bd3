import pathlib

import pytest

from loader import load

PLUGINS = pathlib.Path(__file__).parent.parent / "plugins"


def test_supplied_file():
    plugin = load(PLUGINS / "upper.py")
    assert (plugin.NAME, plugin.apply("a")) == ("upper", "A")


def test_written_file(tmp_path):
    (tmp_path / "lower.py").write_text("def apply(text):\n    return text.lower()\n")
    assert load(tmp_path / "lower.py").apply("A") == "a"


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.py")
