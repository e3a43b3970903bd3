import os
import pathlib
import tempfile

import workdir


def test_inside(tmp_path):
    before = os.getcwd()
    with workdir.inside(tmp_path) as here:
        pathlib.Path("x").write_text("1")
        assert here.name == tmp_path.name
    assert os.getcwd() == before
    assert (tmp_path / "x").exists()


def test_write_safely(tmp_path):
    for text in ("one", "two"):
        workdir.write_safely(tmp_path / "file", text)
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "two"


def test_project_has_a_name():
    assert workdir.project_name()


def test_temporary_folder_is_removed():
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "a").mkdir()
        pathlib.Path(folder, "a", "b").touch()
    assert not os.path.exists(folder)


def test_spooled_file():
    with tempfile.SpooledTemporaryFile(max_size=4) as file:
        file.write(b"more than four")
        file.seek(0)
        assert file.read() == b"more than four"


def test_home_and_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert pathlib.Path.home() == tmp_path
    assert os.path.expanduser("~/x") == f"{tmp_path}/x"
    assert os.environ.get("PATH")


def test_glob_and_walk(tmp_path):
    for name in ("a/b.txt", "a/c/d.txt", "e.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert sorted(path.name for path in tmp_path.rglob("*.txt")) == ["b.txt", "d.txt"]
    assert sum(len(files) for _, _, files in os.walk(tmp_path)) == 3
