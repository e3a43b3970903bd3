import os
from pathlib import Path

import pytest

import layers
from layers.loader import expand, load

DATA = Path(__file__).parent / "data"


def test_layers():
    loaded = layers.load_layers(DATA, ["base.toml", "local.json"], {"WHO": "me"})
    assert loaded == {"title": "base", "server": {"host": "localhost", "port": 8080}, "tags": ["me", "x"]}


def test_ini(tmp_path):
    (tmp_path / "a.ini").write_text("[db]\nname = x\n; a comment\nsize: 3\n")
    assert load(tmp_path / "a.ini") == {"db": {"name": "x", "size": "3"}}


def test_byte_order_mark(tmp_path):
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert load(tmp_path / "a.json") == {"a": 1}


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("a.json", "{", "a.json: JSONDecodeError"),
        ("a.toml", "a = ", "a.toml: TOMLDecodeError"),
        ("a.ini", "no section", "a.ini: MissingSectionHeaderError"),
        ("a.txt", "", "a.txt: unknown kind of file"),
        ("a.json", b"\xff\xfe", "a.json: UnicodeDecodeError"),
    ],
)
def test_damaged_files(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(layers.ConfigError) as caught:
        load(path)
    assert str(caught.value) == words


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(layers.ConfigError, match="b.json: no such file"):
        load(tmp_path / "b.json")
    (tmp_path / "c.json").mkdir()
    with pytest.raises(layers.ConfigError, match="c.json: is a folder"):
        load(tmp_path / "c.json")


def test_yaml_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setattr("layers.loader.yaml", None)
    (tmp_path / "a.yaml").write_text("a: 1")
    with pytest.raises(layers.ConfigError, match="pyyaml"):
        load(tmp_path / "a.yaml")


def test_merge_does_not_change_its_arguments():
    first = {"a": {"b": 1}}
    assert layers.merge(first, {"a": {"c": 2}}) == {"a": {"b": 1, "c": 2}}
    assert first == {"a": {"b": 1}}


def test_expand():
    assert expand({"a": ["${X}/y", 3]}, {"X": "x"}) == {"a": ["x/y", 3]}
    assert expand("${NO:-default}", {}) == "default"
    with pytest.raises(layers.ConfigError, match="no variable NO"):
        expand("${NO}", {})


def test_environment_of_the_process(monkeypatch):
    monkeypatch.setenv("WHO", "somebody")
    assert layers.load_layers(DATA, ["local.json"])["tags"][0] == "somebody"
    monkeypatch.delenv("WHO")
    assert "WHO" not in os.environ
