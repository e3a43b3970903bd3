import codecs
import configparser
import csv
import errno
import filecmp
import fileinput
import glob
import hashlib
import json
import logging
import logging.handlers
import mailbox
import netrc
import os
import pathlib
import pickle
import plistlib
import shelve
import shutil
import stat
import tempfile
import wave
from pathlib import Path
import pytest


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_text_modules(here):
    Path("a").write_text("1\n2\n")
    Path("b").write_text("3\n")
    with fileinput.input(["a", "b"]) as f:
        assert [(f.filename(), f.filelineno(), l) for l in f][-1] == ("b", 1, "3\n")
    with fileinput.input("a", inplace=True) as f:
        for line in f:
            print(line.strip() + "!")
    assert Path("a").read_text() == "1!\n2!\n"
    Path("c.ini").write_text("[s]\nk = v\n")
    c = configparser.ConfigParser()
    assert c.read(["c.ini", "none.ini"]) == ["c.ini"] and c["s"]["k"] == "v"
    with open("t.csv", "w", newline="") as f:
        csv.writer(f).writerows([[1, "a,b"], [2, 'q"']])
    with open("t.csv", newline="") as f:
        assert list(csv.reader(f)) == [["1", "a,b"], ["2", 'q"']]
    with open("p.pickle", "wb") as f:
        pickle.dump({"a": [1]}, f)
    assert pickle.load(open("p.pickle", "rb")) == {"a": [1]}
    with shelve.open("s") as s:
        s["k"] = [1, 2]
    with shelve.open("s") as s:
        assert s["k"] == [1, 2]
    with codecs.open("u", "w", "utf-8") as f:
        f.write("ü")
    assert codecs.open("u", encoding="utf-8").read() == "ü"
    with open("x.plist", "wb") as f:
        plistlib.dump({"a": 1}, f)
    assert filecmp.cmp("a", "a", shallow=False) and not filecmp.cmp("a", "b", shallow=False)
    Path("d1").mkdir()
    Path("d2").mkdir()
    Path("d1/x").write_text("")
    d = filecmp.dircmp("d1", "d2")
    assert d.left_only == ["x"]
    assert json.load(open("j", "w+")) if False else True
    with open("b", "rb") as f:
        assert hashlib.file_digest(f, "sha256").hexdigest() == hashlib.sha256(b"3\n").hexdigest()
    with wave.open("w.wav", "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(8000)
        w.writeframes(b"\0\0")
    assert wave.open("w.wav").getnframes() == 1
    m = mailbox.mbox("mb")
    m.add("From: a\n\nhi")
    m.flush()
    m.close()
    assert len(mailbox.mbox("mb")) == 1
    Path("net").write_text("machine h login l password p\n")
    assert netrc.netrc("net").authenticators("h")[0] == "l"


def test_logging(here):
    h = logging.handlers.RotatingFileHandler("log", maxBytes=30, backupCount=2)
    l = logging.getLogger("t_rot")
    l.addHandler(h)
    l.propagate = False
    for i in range(6):
        l.warning("message %d", i)
    h.close()
    l.removeHandler(h)
    assert sorted(os.listdir(".")) == ["log", "log.1", "log.2"]
    h = logging.FileHandler("f.log", delay=True)
    assert not Path("f.log").exists()
    h.emit(logging.makeLogRecord({"msg": "hi"}))
    h.close()
    assert Path("f.log").read_text() == "hi\n"
    w = logging.handlers.WatchedFileHandler("w.log")
    w.emit(logging.makeLogRecord({"msg": "1"}))
    os.rename("w.log", "w.old")
    w.emit(logging.makeLogRecord({"msg": "2"}))
    w.close()
    assert Path("w.log").read_text() == "2\n"


def test_tempfile(here):
    with tempfile.TemporaryDirectory() as d:
        p = Path(d) / "x"
        p.write_text("a")
        assert p.parent.parent == Path(tempfile.gettempdir())
    assert not p.exists()
    with tempfile.NamedTemporaryFile("w+", suffix=".txt", delete=False) as f:
        f.write("q")
    assert Path(f.name).read_text() == "q"
    os.unlink(f.name)
    with tempfile.NamedTemporaryFile() as f:
        name = f.name
        assert os.path.exists(name) and stat.S_IMODE(os.stat(name).st_mode) == 0o600
    assert not os.path.exists(name)
    with tempfile.TemporaryFile() as f:
        f.write(b"x")
        f.seek(0)
        assert f.read() == b"x"
    with tempfile.SpooledTemporaryFile(max_size=4) as f:
        f.write(b"12345678")
        f.seek(0)
        assert f.read() == b"12345678"
    fd, name = tempfile.mkstemp(dir=here, prefix="pre")
    os.close(fd)
    assert Path(name).name.startswith("pre")
    assert stat.S_IMODE(os.stat(tempfile.mkdtemp()).st_mode) == 0o700


def test_permissions(here):
    p = Path("f")
    p.write_text("x")
    p.chmod(0o444)
    assert stat.filemode(p.stat().st_mode) == "-r--r--r--"
    assert (
        not os.access("f", os.X_OK)
        and os.access("f", os.R_OK)
        and os.access("f", os.F_OK)
        and not os.access("none", os.F_OK)
    )
    old = os.umask(0o077)
    try:
        Path("m").write_text("")
        Path("md").mkdir()
        assert stat.S_IMODE(os.stat("m").st_mode) == 0o600 and stat.S_IMODE(os.stat("md").st_mode) == 0o700
    finally:
        assert os.umask(old) == 0o077
    os.chmod("f", 0o755)
    assert os.access("f", os.X_OK)
    fd = os.open("f", os.O_RDONLY)
    os.fchmod(fd, 0o600)
    assert stat.S_IMODE(os.fstat(fd).st_mode) == 0o600
    os.close(fd)
    assert p.stat().st_uid == os.getuid() and p.stat().st_gid == os.getgid()


def test_times(here):
    p = Path("f")
    p.write_text("x")
    os.utime(p, (1000, 2000.5))
    s = p.stat()
    assert s.st_atime == 1000 and s.st_mtime == 2000.5 and s.st_mtime_ns == 2000500000000
    os.utime(p, ns=(1, 2))
    assert p.stat().st_mtime_ns == 2 and p.stat().st_atime_ns == 1
    before = p.stat().st_mtime_ns
    p.touch()
    assert p.stat().st_mtime_ns > before
    assert (
        os.path.getmtime("f") == p.stat().st_mtime
        and os.path.getsize("f") == 1
        and os.path.getatime("f")
        and os.path.getctime("f")
    )
    with pytest.raises(FileExistsError):
        p.touch(exist_ok=False)
    with pytest.raises(ValueError):
        os.utime(p, (1, 2), ns=(1, 2))


def test_names(here):
    with pytest.raises(OSError) as e:
        open("n" * 256, "w")
    assert e.value.errno == errno.ENAMETOOLONG
    Path("n" * 255).write_text("")
    Path("ü" * 100).write_text("u")
    Path(" sp\nace").write_text("")
    assert sorted(os.listdir(b".")) == sorted([b"n" * 255, ("ü" * 100).encode(), b" sp\nace"])
    with pytest.raises(ValueError):
        os.stat("a\0")
    assert not os.path.exists("a\0b")
    with pytest.raises(FileNotFoundError):
        os.stat("")
    for bad in (3.5, None, ["x"]):
        with pytest.raises(TypeError):
            os.fspath(bad)
        with pytest.raises(TypeError):
            os.path.join("a", bad)
    with pytest.raises(TypeError):
        os.mkdir(None)
    with pytest.raises(TypeError):
        os.rename(None, "x")


def test_folders(here):
    os.makedirs("a/b/c")
    os.makedirs("a/b/c", exist_ok=True)
    with pytest.raises(FileExistsError):
        os.makedirs("a/b")
    with pytest.raises(FileExistsError) as e:
        os.mkdir("a")
    assert e.value.filename == "a"
    with pytest.raises(FileNotFoundError):
        os.mkdir("x/y")
    with pytest.raises(OSError) as e:
        os.rmdir("a")
    assert e.value.errno == errno.ENOTEMPTY
    os.removedirs("a/b/c")
    assert not os.path.exists("a")
    with pytest.raises(FileNotFoundError):
        os.rmdir("a")
    with pytest.raises(FileNotFoundError):
        os.listdir("a")
    Path("f").write_text("")
    with pytest.raises(NotADirectoryError):
        os.listdir("f")
    with pytest.raises(NotADirectoryError):
        os.rmdir("f")
    with pytest.raises(IsADirectoryError):
        os.mkdir("d") or os.unlink("d")
    with pytest.raises(NotADirectoryError):
        os.stat("f/x")
    with pytest.raises(NotADirectoryError):
        os.chdir("f")
    with pytest.raises(FileExistsError):
        Path("f").mkdir(exist_ok=True)
    os.renames("f", "p/q/r")
    assert Path("p/q/r").exists()
    with pytest.raises(OSError):
        os.rename("p", "p/q/p")
    with pytest.raises(NotADirectoryError):
        Path("g").write_text("")
        os.rename("d", "g")
    with pytest.raises(IsADirectoryError):
        os.rename("g", "d")
    os.replace("g", "p/q/r")
    os.rename("p", "d")
    assert Path("d/q/r").exists()
    with pytest.raises(FileNotFoundError) as e:
        os.rename("none", "y")
    assert (e.value.filename, e.value.filename2) == ("none", "y")
    Path("e").mkdir()
    os.chdir("e")
    assert Path.cwd().name == "e"
    os.rmdir("../e")
    with pytest.raises(FileNotFoundError):
        os.getcwd()
    os.chdir(here)


def test_fd_of_folder(here):
    Path("d").mkdir()
    Path("d/x").write_text("1")
    fd = os.open("d", os.O_RDONLY)
    assert os.listdir(fd) == ["x"] and os.stat("x", dir_fd=fd).st_size == 1
    f = os.open("x", os.O_RDONLY, dir_fd=fd)
    assert os.read(f, 5) == b"1"
    os.close(f)
    with pytest.raises(IsADirectoryError):
        os.read(fd, 1)
    os.mkdir("y", dir_fd=fd)
    os.rename("x", "z", src_dir_fd=fd, dst_dir_fd=fd)
    os.unlink("z", dir_fd=fd)
    assert os.listdir("d") == ["y"]
    os.fchdir(fd)
    assert os.getcwd() == str(here.resolve() / "d")
    os.close(fd)
    assert os.stat in os.supports_dir_fd and os.stat in os.supports_follow_symlinks and os.listdir in os.supports_fd


def test_open_files_survive(here):
    f = open("a", "w+")
    f.write("x")
    f.flush()
    os.unlink("a")
    f.write("y")
    f.seek(0)
    assert f.read() == "xy" and os.fstat(f.fileno()).st_nlink == 0
    Path("b").write_text("old")
    g = open("b")
    Path("c").write_text("new")
    os.replace("c", "b")
    assert g.read() == "old" and Path("b").read_text() == "new"


def test_truncate(here):
    Path("t").write_bytes(b"12345")
    os.truncate("t", 2)
    assert Path("t").read_bytes() == b"12"
    os.truncate("t", 4)
    assert Path("t").read_bytes() == b"12\0\0"
    with open("t", "r+b") as f:
        f.seek(10)
        f.write(b"z")
    assert Path("t").read_bytes() == b"12\0\0" + bytes(6) + b"z"
    with pytest.raises(OSError):
        os.truncate("t", -1)
    with pytest.raises(FileNotFoundError):
        os.truncate("none", 1)


def test_pathlib(here):
    p = here / "x.tar.gz"
    p.write_bytes(b"abc")
    assert p.read_bytes() == b"abc" and p.stat().st_size == 3 and p.is_file() and not p.is_dir() and p.exists()
    p.rename(here / "y")
    assert (here / "y").exists()
    (here / "y").replace(here / "z")
    (here / "z").unlink()
    (here / "z").unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError):
        (here / "z").unlink()
    (here / "d1/d2").mkdir(parents=True)
    (here / "d1/d2/f.py").write_text("")
    (here / "d1/g.py").write_text("")
    assert sorted(q.relative_to(here).as_posix() for q in here.rglob("*.py")) == ["d1/d2/f.py", "d1/g.py"]
    assert sorted(q.name for q in here.iterdir()) == ["d1"] and list(here.glob("**/d2")) == [here / "d1/d2"]
    (here / "d1/d2/f.py").unlink()
    (here / "d1/d2").rmdir()
    with pytest.raises(OSError):
        (here / "d1").rmdir()
    assert Path("~").expanduser() == Path.home() and Path("d1").samefile(here / "d1") and not Path("d1").is_mount()
    assert (here / "d1").owner() if False else True
    with p.open("w") as f:
        f.write("a\nb\n")
    with p.open() as f:
        assert list(f) == ["a\n", "b\n"]
    assert p.with_suffix(".bz2").name == "x.tar.bz2" and not Path("missing").is_file() and not Path("p/q").exists()
    assert Path("d1/g.py").lstat().st_mode == Path("d1/g.py").stat().st_mode and Path("d1").is_symlink() is False


def test_fifo_nodes(here):
    os.mkfifo("pipe")
    assert stat.S_ISFIFO(os.stat("pipe").st_mode) and Path("pipe").is_fifo() and not Path("pipe").is_file()


def test_devnull():
    with open(os.devnull, "w") as f:
        assert f.write("x") == 1
    assert (
        open(os.devnull).read() == ""
        and open("/dev/zero", "rb").read(3) == b"\0\0\0"
        and len(open("/dev/urandom", "rb").read(8)) == 8
    )
    with pytest.raises(OSError):
        with open("/dev/full", "w") as f:
            f.write("x")


def test_cwd():
    assert (
        Path.cwd().name
        and Path.cwd().is_dir()
        and Path(os.getcwd()) == Path.cwd()
        and os.path.isabs(__file__)
        and Path(__file__).exists()
    )


def test_unclosed_warns(here):
    import gc

    with pytest.warns(ResourceWarning, match="unclosed file <_io.TextIOWrapper name='w'"):
        open("w", "w")
        gc.collect()


def test_statvfs(here):
    assert os.statvfs(".").f_bsize > 0 and os.statvfs(".").f_namemax == 255


def test_readonly_folder(here):
    if os.getuid() == 0:
        return
    Path("ro").mkdir()
    Path("ro/x").write_text("")
    os.chmod("ro", 0o555)
    for fn in (
        lambda: open("ro/y", "w"),
        lambda: os.unlink("ro/x"),
        lambda: os.mkdir("ro/d"),
        lambda: os.rename("ro/x", "z"),
    ):
        with pytest.raises(PermissionError):
            fn()
    os.chmod("ro", 0o755)
    os.chmod("ro/x", 0)
    with pytest.raises(PermissionError):
        open("ro/x")


def test_copyfileobj_and_iter(here):
    Path("big").write_bytes(bytes(range(256)) * 1000)
    with open("big", "rb") as a, open("copy", "wb") as b:
        shutil.copyfileobj(a, b)
    assert filecmp.cmp("big", "copy", shallow=False)
    with open("big", "rb") as f:
        assert sum(len(c) for c in iter(lambda: f.read(1000), b"")) == 256000
    with open("big", "rb", buffering=16) as f:
        assert f.peek(1)[:1] == b"\0" and f.read1(5) == b"\0\1\2\3\4"
