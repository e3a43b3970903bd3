import argparse
import asyncio
import contextlib
import csv
import dbm
import errno
import io
import json
import logging
import logging.config
import mmap
import os
import pathlib
import pickle
import re
import select
import shelve
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest.mock as mock
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path, PurePath
import pytest


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_mmap():
    Path("f").write_bytes(b"hello world\nline two\n")
    with open("f", "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
        assert (
            m[:5] == b"hello"
            and len(m) == 21
            and m.find(b"world") == 6
            and m.readline() == b"hello world\n"
            and m.tell() == 12
        )
        m[0:5] = b"HELLO"
        m[5] = ord("_")
        assert m[5] == 95
        m.seek(0)
        assert m.read(3) == b"HEL" and m.read_byte() == ord("L")
        m.flush()
        assert (
            re.search(rb"l(i)ne", m).group(1) == b"i"
            and bytes(m[-4:]) == b"two\n"
            and m.rfind(b"o") == 19
            and m.size() == 21
        )
        with pytest.raises(IndexError):
            m[100]
        with pytest.raises((IndexError, ValueError)):
            m[0:2] = b"xyz"
    assert Path("f").read_bytes().startswith(b"HELLO_world")
    with open("f", "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
        assert m[0] == ord("H")
        with pytest.raises(TypeError):
            m[0] = 1
    m = mmap.mmap(-1, 10)
    m.write(b"abc")
    assert m[:4] == b"abc\0"
    m.close()
    with pytest.raises(ValueError):
        m[0]
    Path("e").write_bytes(b"")
    with open("e", "rb") as f, pytest.raises(ValueError):
        mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)


def test_atomic_write():
    def write(path, text):
        fd, tmp = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(fd, "w") as f:
                f.write(text)
                f.flush()
                os.fsync(f.fileno())
            os.chmod(tmp, 0o644)
            os.replace(tmp, path)
        except BaseException:
            os.unlink(tmp)
            raise

    write(Path("x").absolute(), "1")
    write(Path("x").absolute(), "2")
    assert os.listdir(".") == ["x"] and Path("x").read_text() == "2"


def test_lock_file():
    fd = os.open("lock", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    os.write(fd, str(os.getpid()).encode())
    with pytest.raises(FileExistsError):
        os.open("lock", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    os.close(fd)
    os.remove("lock")


def test_mock_open():
    with mock.patch("builtins.open", mock.mock_open(read_data="data")) as m:
        assert open("x").read() == "data"
    m.assert_called_once_with("x")
    with mock.patch("os.path.exists", return_value=True):
        assert os.path.exists("none")
    with mock.patch.object(Path, "read_text", return_value="q"):
        assert Path("none").read_text() == "q"
    with mock.patch("pathlib.Path.exists", return_value=True), mock.patch("os.listdir", return_value=["a"]):
        assert Path("n").exists() and os.listdir("z") == ["a"]
    with mock.patch("os.replace", side_effect=OSError(errno.ENOSPC, "No space left on device")):
        with pytest.raises(OSError, match=r"\[Errno 28\] No space left on device"):
            os.replace("a", "b")
    with mock.patch("subprocess.run") as r:
        subprocess.run(["ls"])
        r.assert_called_once()
    with mock.patch("time.sleep") as s:
        time.sleep(100)
        s.assert_called_with(100)
    with mock.patch("os.getpid", return_value=1), mock.patch("os.kill") as k:
        os.kill(os.getpid(), 9)
        k.assert_called_with(1, 9)


def test_monkeypatch(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "getcwd", lambda: "/x")
    assert os.getcwd() == "/x"
    monkeypatch.undo()
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Path.home() == tmp_path and os.path.expanduser("~") == str(tmp_path)
    monkeypatch.setattr("builtins.input", lambda p="": "yes")
    assert input("?") == "yes"
    monkeypatch.undo()
    monkeypatch.setattr(sys, "stdin", io.StringIO("l1\nl2\n"))
    assert sys.stdin.readline() == "l1\n" and input() == "l2"


def test_stdin_is_closed_for_reading():
    with pytest.raises(OSError):
        input()
    with pytest.raises(OSError):
        sys.stdin.read()


def test_print_to_file(capsys):
    with open("o", "w") as f:
        print("a", 1, sep="-", file=f)
        sys.stdout.write("std")
        print("e", file=sys.stderr)
    assert Path("o").read_text() == "a-1\n" and capsys.readouterr() == ("std", "e\n")
    with open("o", "a") as f, contextlib.redirect_stdout(f):
        print("more")
    assert Path("o").read_text() == "a-1\nmore\n"
    sys.stdout.buffer.write(b"bytes")
    sys.stdout.flush()
    assert capsys.readouterr().out == "bytes"


def test_argparse_files(capsys):
    p = argparse.ArgumentParser()
    p.add_argument("f", type=argparse.FileType("r"))
    Path("in").write_text("x")
    assert p.parse_args(["in"]).f.read() == "x"
    with pytest.raises(SystemExit):
        p.parse_args(["none"])
    assert "can't open 'none': [Errno 2] No such file or directory: 'none'" in capsys.readouterr().err


def test_logging_config():
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"f": {"class": "logging.FileHandler", "filename": "app.log"}},
            "loggers": {"cfg": {"handlers": ["f"], "level": "INFO"}},
        }
    )
    logging.getLogger("cfg").info("hello")
    assert Path("app.log").read_text() == "hello\n"


def test_json_csv_xml_pickle():
    with open("a.json", "w") as f:
        json.dump({"k": [1, None, "ä"]}, f, ensure_ascii=False, indent=1)
    assert json.load(open("a.json"))["k"][2] == "ä"
    with open("a.csv", "w", newline="", encoding="utf-8-sig") as f:
        w = csv.DictWriter(f, ["a", "b"])
        w.writeheader()
        w.writerow({"a": 1, "b": "x"})
    assert Path("a.csv").read_bytes() == b"\xef\xbb\xbfa,b\r\n1,x\r\n"
    t = ET.ElementTree(ET.Element("r", {"a": "1"}))
    t.write("a.xml", encoding="utf-8", xml_declaration=True)
    assert ET.parse("a.xml").getroot().get("a") == "1"
    ET.ElementTree(file="a.xml")
    with pytest.raises(FileNotFoundError):
        ET.parse("none.xml")
    pickle.dump([1], open("p", "wb"))
    assert pickle.load(open("p", "rb")) == [1]


def test_seek_and_tell_text():
    Path("t").write_text("äöü\nline\n", encoding="utf-8")
    with open("t", encoding="utf-8") as f:
        assert f.readline() == "äöü\n"
        at = f.tell()
        assert f.read() == "line\n"
        f.seek(at)
        assert f.read(2) == "li"
        with pytest.raises(io.UnsupportedOperation):
            f.seek(1, os.SEEK_CUR)
    with open("t", encoding="utf-8") as f:
        next(f)
        with pytest.raises(OSError):
            f.tell()
    with open("t", "rb") as f:
        f.seek(-5, os.SEEK_END)
        assert f.read() == b"line\n"
    with open("t", "rb") as f:
        with pytest.raises(OSError):
            f.seek(-100, os.SEEK_END)
        with pytest.raises(ValueError):
            f.seek(0, 9)


def test_buffering():
    f = open("b", "w", buffering=1)
    f.write("line\n")
    assert Path("b").read_text() == "line\n"
    f.write("part")
    assert Path("b").read_text() == "line\n"
    f.close()
    assert Path("b").read_text() == "line\npart"
    f = open("b", "wb", buffering=0)
    f.write(b"x")
    assert Path("b").read_bytes() == b"x"
    f.close()
    f = open("b", "w")
    f.write("lost until flush")
    assert Path("b").read_text() == ""
    f.flush()
    assert Path("b").read_text() == "lost until flush"
    f.close()


def test_detach_and_reconfigure():
    f = open("d", "w")
    b = f.detach()
    b.write(b"raw")
    b.close()
    assert Path("d").read_bytes() == b"raw"
    with open("d", "r+") as f:
        f.reconfigure(newline="\r\n")
        f.write("a\n")
    assert Path("d").read_bytes() == b"a\r\n"
    with open("d", "rb") as f, io.TextIOWrapper(f, "ascii") as t:
        assert t.read() == "a\n"


def test_asyncio_signal():
    async def main():
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        loop.call_later(0.01, os.kill, os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(stop.wait(), 2)
        assert loop.remove_signal_handler(signal.SIGTERM)
        return "stopped"

    assert asyncio.run(main()) == "stopped"


def test_select_pipe():
    r, w = os.pipe()
    assert select.select([r], [], [], 0) == ([], [], [])
    os.write(w, b"x")
    assert select.select([r], [w], [], 0) == ([r], [w], [])


def test_shutil_more():
    Path("a").write_text("x" * 100)
    os.chmod("a", 0o600)
    shutil.copymode("a", "b") if Path("b").write_text("") == 0 else None
    assert stat.S_IMODE(os.stat("b").st_mode) == 0o600
    os.utime("a", (1, 2))
    shutil.copystat("a", "b")
    assert os.stat("b").st_mtime == 2
    assert shutil.get_archive_formats() and shutil.get_unpack_formats() and shutil.which("a", path=".") is None
    os.makedirs("t/x/y")
    shutil.move("t/x", "moved")
    assert Path("moved/y").is_dir()
    with pytest.raises(shutil.Error):
        shutil.move("moved", "moved/y")
    os.symlink("a", "l")
    shutil.move("l", "l2")
    assert os.readlink("l2") == "a"
    shutil.chown("a", os.getuid())


def test_walk_modes():
    os.makedirs("r/a/b")
    Path("r/1").write_text("")
    Path("r/a/2").write_text("")
    for root, dirs, files in os.walk("r"):
        if root == "r":
            dirs.remove("a")
    assert root == "r"
    total = sum(os.path.getsize(os.path.join(r, f)) for r, _, fs in os.walk("r") for f in fs)
    assert total == 0
    assert sorted(str(p) for p in Path("r").rglob("*")) == ["r/1", "r/a", "r/a/2", "r/a/b"]
    assert sorted(p.name for p in Path("r").glob("*/")) in (["a"], ["1", "a"])
    assert sorted(str(p) for p in Path("r").glob("**/*")) == ["r/1", "r/a", "r/a/2", "r/a/b"]
    seen = [(r, sorted(d), sorted(f)) for r, d, f, fd in os.fwalk("r")]
    assert seen == [("r", ["a"], ["1"]), ("r/a", ["b"], ["2"]), ("r/a/b", [], [])]


def test_unwritable_names():
    for bad in ("a/b/c", "no/such/dir/x"):
        with pytest.raises(FileNotFoundError):
            open(bad, "w")
        with pytest.raises(FileNotFoundError):
            Path(bad).write_text("x")
    assert (
        os.path.normpath("/a/../b//c/.") == "/b/c"
        and os.path.relpath("/a/b", "/a/c") == "../b"
        and os.path.commonpath(["/a/b", "/a/c"]) == "/a"
    )
    with pytest.raises(ValueError):
        os.path.commonpath(["/a", "b"])


def test_encoding_errors():
    Path(b"bad\xff".decode("utf-8", "surrogateescape")).write_text("x")
    assert os.listdir(b".") == [b"bad\xff"] and os.listdir(".") == ["bad\udcff"]
    with pytest.raises(UnicodeEncodeError):
        open("t", "w", encoding="ascii").write("ä")


def test_exceptions_have_parts():
    for fn, kind in (
        (lambda: open("nope"), FileNotFoundError),
        (lambda: os.listdir("nope"), FileNotFoundError),
        (lambda: os.remove("nope"), FileNotFoundError),
        (lambda: os.mkdir("."), FileExistsError),
        (lambda: Path("nope").stat(), FileNotFoundError),
        (lambda: Path("nope").open(), FileNotFoundError),
    ):
        with pytest.raises(kind) as e:
            fn()
        assert (
            isinstance(e.value.errno, int)
            and e.value.strerror
            and e.value.filename in ("nope", ".", Path("nope"))
            and e.value.args == (e.value.errno, e.value.strerror)
        )
    e = pickle.loads(pickle.dumps(OSError(errno.ENOENT, "m", "f")))
    assert e.errno == errno.ENOENT and e.filename == "f"


def test_shelve_dbm():
    with dbm.open("d", "c") as d:
        d["a"] = "b"
        assert d[b"a"] == b"b" and list(d.keys()) == [b"a"]
    with shelve.open("s", writeback=True) as s:
        s["l"] = []
        s["l"].append(1)
    with shelve.open("s", "r") as s:
        assert dict(s) == {"l": [1]}
    with pytest.raises(Exception):
        dbm.open("missing", "r")


def test_zip_of_folder():
    os.makedirs("z/in")
    Path("z/in/f").write_text("data")
    os.utime("z/in/f", (1e9, 1e9))
    with zipfile.ZipFile("z.zip", "w") as z:
        for root, _, files in os.walk("z"):
            for f in files:
                z.write(os.path.join(root, f), os.path.relpath(os.path.join(root, f), "z"))
    with zipfile.ZipFile("z.zip") as z:
        assert z.infolist()[0].date_time[0] == 2001 and z.read("in/f") == b"data"
    with zipfile.ZipFile(open("z.zip", "rb")) as z, z.open("in/f") as f:
        assert f.read(2) == b"da"


def test_config_dirs(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    base = Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config"))
    assert base.name == ".config"


def test_subprocess_mocks():
    with mock.patch.object(subprocess, "Popen") as p:
        p.return_value.communicate.return_value = (b"out", b"")
        p.return_value.returncode = 0
        p.return_value.__enter__.return_value = p.return_value
        p.return_value.poll.return_value = 0
        assert subprocess.run(["x"], stdout=subprocess.PIPE).stdout == b"out"
    assert (
        subprocess.CompletedProcess(["a"], 0).returncode == 0
        and str(subprocess.CalledProcessError(2, "cmd")) == "Command 'cmd' returned non-zero exit status 2."
        and subprocess.list2cmdline(["a b"]) == '"a b"'
    )
    with pytest.raises(FileNotFoundError):
        subprocess.run(["definitely-missing"], check=True, capture_output=True, text=True, timeout=5)


def test_time_passes():
    a = time.time()
    Path("m").write_text("1")
    first = Path("m").stat().st_mtime
    time.sleep(0.02)
    Path("m").write_text("2")
    assert Path("m").stat().st_mtime > first >= a - 1
