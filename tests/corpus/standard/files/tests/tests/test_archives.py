import gzip
import importlib.util
import inspect
import io
import linecache
import os
import pathlib
import pkgutil
import py_compile
import runpy
import sys
import tarfile
import tokenize
import zipapp
import zipfile
from pathlib import Path
import pytest


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tarfile(here):
    Path("a").write_text("hello")
    os.symlink("a", "l")
    os.link("a", "h")
    with tarfile.open("t.tar.gz", "w:gz") as t:
        t.add("a")
        t.add("l")
        t.add("h")
        t.addfile(tarfile.TarInfo("empty"), io.BytesIO())
    with tarfile.open("t.tar.gz") as t:
        assert t.getnames() == ["a", "l", "h", "empty"] and t.extractfile("a").read() == b"hello"
        assert t.getmember("l").issym() and t.getmember("l").linkname == "a" and t.getmember("h").islnk()
        t.extractall("out")
    assert os.readlink("out/l") == "a" and Path("out/h").read_text() == "hello"
    assert tarfile.is_tarfile("t.tar.gz") and not tarfile.is_tarfile("a")
    with tarfile.open("t.tar", "w") as t:
        t.add("out", arcname="x")
    with tarfile.open("t.tar", "a") as t:
        t.add("a", "added")
    with tarfile.open("t.tar") as t:
        assert t.getnames()[-1] == "added"
    with tarfile.open(fileobj=open("t.tar", "rb"), mode="r|") as t:
        assert len(list(t)) == 6


def test_zip_gzip(here):
    with zipfile.ZipFile("z.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("a/b", "data")
        Path("f").write_text("x" * 1000)
        z.write("f")
    with zipfile.ZipFile("z.zip") as z:
        assert z.namelist() == ["a/b", "f"] and z.read("f") == b"x" * 1000 and z.testzip() is None
        z.extractall("o")
    assert Path("o/a/b").read_text() == "data" and zipfile.is_zipfile("z.zip")
    with zipfile.ZipFile("z.zip", "a") as z:
        z.writestr("c", "")
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile("f")
    assert (zipfile.Path("z.zip") / "a" / "b").read_text() == "data"
    with gzip.open("g.gz", "wt") as f:
        f.write("text\n")
    assert gzip.open("g.gz", "rt").read() == "text\n" and gzip.decompress(Path("g.gz").read_bytes()) == b"text\n"
    with open("g.gz", "rb") as f, gzip.GzipFile(fileobj=f) as g:
        assert g.read() == b"text\n"
    zipapp.create_archive("o", "app.pyz", main="a:b")
    assert zipfile.is_zipfile("app.pyz")


def test_tokenize_linecache_inspect(here, monkeypatch):
    Path("m.py").write_text("# -*- coding: latin-1 -*-\nx = 1\n\n\ndef f():\n    return 2\n", encoding="latin-1")
    with tokenize.open("m.py") as f:
        assert f.encoding == "iso-8859-1" and f.readline().startswith("#")
    assert linecache.getline("m.py", 2) == "x = 1\n" and linecache.getline("none.py", 1) == ""
    monkeypatch.syspath_prepend(here)
    import m

    assert m.f() == 2 and inspect.getsource(m.f) == "def f():\n    return 2\n"
    assert Path(m.__file__) == here / "m.py"
    spec = importlib.util.spec_from_file_location("other", here / "m.py")
    mod = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mod)
    assert mod.x == 1
    assert runpy.run_path("m.py")["x"] == 1
    Path("pk").mkdir()
    Path("pk/__init__.py").write_text("")
    Path("pk/data.txt").write_text("d")
    Path("pk/sub.py").write_text("y = 5")
    importlib.invalidate_caches()
    assert pkgutil.get_data("pk", "data.txt") == b"d" and importlib.import_module("pk.sub").y == 5
    assert [i.name for i in pkgutil.iter_modules(["pk"])] == ["sub"]
    import importlib.resources as r

    assert (r.files("pk") / "data.txt").read_text() == "d"
    with zipfile.ZipFile("lib.zip", "w") as z:
        z.writestr("zm.py", "v = 3")
    monkeypatch.syspath_prepend(here / "lib.zip")
    assert importlib.import_module("zm").v == 3
    del sys.modules["m"], sys.modules["pk"], sys.modules["zm"], sys.modules["pk.sub"]
    with pytest.raises(py_compile.PyCompileError):
        Path("bad.py").write_text("x =")
        py_compile.compile("bad.py", doraise=True)
