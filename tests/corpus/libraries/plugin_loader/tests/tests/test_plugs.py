import importlib
import sys
import types

import pytest

import plugs


@pytest.fixture
def extra(tmp_path, monkeypatch):
    folder = tmp_path / "extra_plugins"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "title.py").write_text(
        "from plugs import Plugin\n\n\nclass Title(Plugin):\n    name = 'title'\n\n"
        "    def apply(self, text):\n        return text.title()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("extra_plugins")
    for name in [name for name in sys.modules if name.startswith("extra_plugins")]:
        del sys.modules[name]


def test_builtin_plugins_are_found():
    assert plugs.discovered == ["reverse", "shout"]


@pytest.mark.parametrize("name, text", [("reverse", "cba"), ("shout", "ABC!")])
def test_apply(name, text):
    assert plugs.registry.plugins[name]().apply("abc") == text


def test_plugins_in_a_written_folder(extra):
    registry = plugs.Registry()
    assert registry.discover(extra) == ["title"]
    assert registry.plugins["title"]().apply("a b") == "A B"


def test_twice():
    registry = plugs.Registry()
    registry.register("x")(object)
    with pytest.raises(ValueError, match="'x' is registered twice"):
        registry.register("x")(object)


def test_subclasses_are_known():
    before = list(plugs.Plugin.known)
    types.new_class("Made", (plugs.Plugin,))
    assert plugs.Plugin.known == [*before, "Made"]


def test_base_is_abstract():
    with pytest.raises(NotImplementedError):
        plugs.Plugin().apply("")


def test_reload():
    module = importlib.import_module("plugs.builtin.shout")
    assert importlib.reload(module) is module
    assert module.Shout().apply("x") == "X!"
