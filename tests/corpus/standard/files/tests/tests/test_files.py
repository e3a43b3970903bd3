import errno
import glob
import io
import os
import pathlib
import shutil
import stat
from pathlib import Path
import pytest


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_fileio(here):
    f = io.FileIO("a.bin", "w+")
    assert f.write(b"hello") == 5 and f.tell() == 5 and f.seek(0) == 0
    assert f.readall() == b"hello" and f.mode == "rb+" and f.name == "a.bin" and f.closefd
    buf = bytearray(3)
    f.seek(1)
    assert f.readinto(buf) == 3 and buf == b"ell"
    f.close()
    assert f.closed
    with pytest.raises(ValueError):
        f.read()
    with pytest.raises(FileExistsError):
        io.FileIO("a.bin", "x")
    with pytest.raises(FileNotFoundError):
        io.FileIO("nope")
    with pytest.raises(IsADirectoryError):
        io.FileIO(".")
    with pytest.raises(ValueError):
        io.FileIO("a.bin", "rw")
    with pytest.raises(ValueError):
        io.FileIO("a.bin", closefd=False)
    with io.FileIO("a.bin") as g:
        assert g.read(2) == b"he" and not g.writable() and g.readable() and g.seekable() and not g.isatty()
        with pytest.raises(io.UnsupportedOperation):
            g.write(b"x")
    assert isinstance(open("a.bin", "rb", buffering=0), io.FileIO)
    assert isinstance(open("a.bin", "rb").raw, io.FileIO)


def test_kinds_of_open(here):
    assert isinstance(open("a", "w"), io.TextIOWrapper)
    assert isinstance(open("a", "wb"), io.BufferedWriter)
    assert isinstance(open("a", "rb"), io.BufferedReader)
    assert isinstance(open("a", "r+b"), io.BufferedRandom)
    for bad in ("rw", "", "q", "rr", "r+w", "bt", "wt+b"):
        with pytest.raises(ValueError):
            open("a", bad)
    with pytest.raises(ValueError):
        open("a", "rb", encoding="utf-8")
    with pytest.raises(ValueError):
        open("a", "rb", newline="")
    with pytest.raises(ValueError):
        open("a", "r", buffering=0)
    with pytest.raises(TypeError):
        open(3.5)
    with pytest.raises(TypeError):
        open(None)
    with pytest.raises(ValueError):
        open("a\0b")
    with pytest.raises(LookupError):
        open("a", encoding="nope")
    with pytest.raises(FileNotFoundError) as e:
        open("nope/x", "w")
    assert e.value.filename == "nope/x" and str(e.value) == "[Errno 2] No such file or directory: 'nope/x'"
    with pytest.raises(NotADirectoryError):
        open("a/x", "w")
    with pytest.raises(IsADirectoryError):
        open(".", "w")
    with pytest.raises(IsADirectoryError):
        open(".")
    f = open("a", "w")
    assert repr(f) == "<_io.TextIOWrapper name='a' mode='w' encoding='UTF-8'>" and f.mode == "w"
    f.close()
    with pytest.raises(ValueError, match="I/O operation on closed file"):
        f.write("x")


def test_modes(here):
    Path("a").write_text("one\ntwo\n")
    with open("a", "a+") as f:
        assert f.tell() == 8
        f.write("three\n")
        f.seek(0)
        assert f.readlines() == ["one\n", "two\n", "three\n"]
    with open("a", "r+") as f:
        f.write("ONE")
        f.seek(0)
        assert f.readline() == "ONE\n"
        f.truncate(4)
    assert Path("a").read_text() == "ONE\n"
    with open("a", "w+") as f:
        assert f.read() == ""
    with open("a", "x" if False else "w", newline="\r\n") as f:
        f.write("a\nb\n")
    assert Path("a").read_bytes() == b"a\r\nb\r\n" and Path("a").read_text() == "a\nb\n"
    with open("a", newline="") as f:
        assert f.readlines() == ["a\r\n", "b\r\n"]
    with open("a", "w", encoding="utf-16") as f:
        f.write("ä")
    assert open("a", encoding="utf-16").read() == "ä"
    with pytest.raises(UnicodeDecodeError):
        open("a", encoding="utf-8").read()
    assert open("a", encoding="utf-8", errors="replace").read()
    with pytest.raises(io.UnsupportedOperation):
        open("a", "w").read()
    with pytest.raises(io.UnsupportedOperation):
        open("a").write("x")


def test_opener_and_fd(here):
    def opener(path, flags):
        return os.open(path, flags, 0o600)

    with open("o", "w", opener=opener) as f:
        f.write("x")
    assert stat.S_IMODE(os.stat("o").st_mode) == 0o600
    fd = os.open("o", os.O_RDWR | os.O_CREAT)
    assert os.read(fd, 10) == b"x" and os.read(fd, 10) == b""
    os.lseek(fd, 0, os.SEEK_SET)
    assert os.write(fd, b"yz") == 2
    assert os.pread(fd, 1, 1) == b"z" and os.pwrite(fd, b"q", 0) == 1
    assert os.fstat(fd).st_size == 2
    with os.fdopen(fd, "r+") as f:
        assert f.read() == "" and f.fileno() == fd
    for fn in (
        lambda: os.close(fd),
        lambda: os.read(fd, 1),
        lambda: os.fstat(fd),
        lambda: os.write(fd, b""),
        lambda: os.lseek(fd, 0, 0),
        lambda: open(fd),
        lambda: os.dup(fd),
        lambda: os.fsync(fd),
    ):
        with pytest.raises(OSError) as e:
            fn()
        assert e.value.errno == errno.EBADF
    with pytest.raises(OSError) as e:
        os.write(os.open("o", os.O_RDONLY), b"x")
    assert e.value.errno == errno.EBADF
    with pytest.raises(OSError) as e:
        os.read(os.open("o", os.O_WRONLY), 1)
    assert e.value.errno == errno.EBADF
    with pytest.raises(FileExistsError):
        os.open("o", os.O_CREAT | os.O_EXCL)
    fd = os.open("o", os.O_WRONLY | os.O_APPEND)
    os.lseek(fd, 0, 0)
    os.write(fd, b"!")
    os.close(fd)
    assert Path("o").read_bytes() == b"qz!"
    fd = os.open("o", os.O_WRONLY | os.O_TRUNC)
    os.close(fd)
    assert Path("o").stat().st_size == 0
    with pytest.raises(NotADirectoryError):
        os.open("o", os.O_RDONLY | os.O_DIRECTORY)


def test_dup(here):
    fd = os.open("a", os.O_RDWR | os.O_CREAT)
    two = os.dup(fd)
    os.write(two, b"abc")
    os.close(two)
    assert os.lseek(fd, 0, os.SEEK_CUR) == 3
    other = os.open("b", os.O_RDWR | os.O_CREAT)
    os.dup2(fd, other)
    os.write(other, b"d")
    os.close(other)
    os.close(fd)
    assert Path("a").read_bytes() == b"abcd" and Path("b").read_bytes() == b""


def test_pipe():
    r, w = os.pipe()
    os.write(w, b"hello")
    assert os.read(r, 3) == b"hel"
    os.close(w)
    assert os.read(r, 10) == b"lo" and os.read(r, 10) == b""
    os.close(r)
    r, w = os.pipe()
    os.close(r)
    with pytest.raises(BrokenPipeError):
        os.write(w, b"x")
    os.close(w)
    r, w = os.pipe()
    with os.fdopen(w, "w") as f:
        f.write("line\nmore\n")
    with os.fdopen(r) as f:
        assert f.readlines() == ["line\n", "more\n"]
    r, w = os.pipe()
    os.set_blocking(r, False)
    with pytest.raises(BlockingIOError):
        os.read(r, 1)
    assert stat.S_ISFIFO(os.fstat(r).st_mode)
    with pytest.raises(OSError) as e:
        os.lseek(r, 0, 0)
    assert e.value.errno == errno.ESPIPE


def test_symlinks(here):
    Path("file").write_text("x")
    os.symlink("file", "link")
    Path("dir").mkdir()
    Path("dl").symlink_to("dir")
    assert os.readlink("link") == "file" and Path("link").read_text() == "x" and Path("link").is_symlink()
    assert os.path.islink("link") and not os.path.islink("file") and os.path.lexists("link")
    assert Path("link").resolve() == here.resolve() / "file" and os.path.realpath("link") == str(
        here.resolve() / "file"
    )
    assert (
        os.lstat("link").st_size == 4
        and stat.S_ISLNK(os.lstat("link").st_mode)
        and stat.S_ISREG(os.stat("link").st_mode)
    )
    assert os.path.samefile("link", "file")
    Path("dl/inner").write_text("y")
    assert Path("dir/inner").read_text() == "y"
    os.symlink("gone", "dangling")
    assert not Path("dangling").exists() and os.path.lexists("dangling") and Path("dangling").is_symlink()
    with pytest.raises(FileNotFoundError):
        open("dangling")
    with pytest.raises(FileExistsError):
        os.symlink("x", "dangling")
    with pytest.raises(FileExistsError):
        open("dangling", "x")
    Path("dangling").write_text("made")
    assert Path("gone").read_text() == "made"
    os.symlink("loop2", "loop1")
    os.symlink("loop1", "loop2")
    with pytest.raises(OSError) as e:
        open("loop1")
    assert e.value.errno == errno.ELOOP
    assert not os.path.exists("loop1")
    os.unlink("link")
    assert Path("file").exists()
    with pytest.raises(OSError):
        os.rmdir("dl")
    with pytest.raises(OSError):
        shutil.rmtree("dl")
    shutil.rmtree("dir")
    assert not Path("dl").exists()
    with pytest.raises(OSError) as e:
        os.readlink("file")
    assert e.value.errno == errno.EINVAL
    Path("n1").write_text("")
    Path("ln").symlink_to("n1")
    os.rename("ln", "ln2")
    assert os.readlink("ln2") == "n1"
    with pytest.raises(FileExistsError) as e:
        os.symlink("a", "n1")
    assert e.value.filename == "a" and e.value.filename2 == "n1"


def test_resolve(here):
    (here / "a/b").mkdir(parents=True)
    os.symlink(here / "a", "s")
    os.symlink("../..", "a/b/up")
    root = here.resolve()
    assert Path("s/b/../b").resolve() == root / "a/b" and Path("a/b/up").resolve() == root
    assert Path("a/b/up/none/x").resolve() == root / "none/x"
    with pytest.raises(FileNotFoundError):
        Path("none").resolve(strict=True)
    assert Path("s").absolute() == here / "s" and os.path.abspath("s/..") == str(here)
    assert os.listdir("s/b/..") == ["b"]
    os.symlink("l", "l")
    with pytest.raises((OSError, RuntimeError)):
        Path("l").resolve(strict=True)


def test_hard_links(here):
    Path("a").write_text("1")
    os.link("a", "b")
    Path("b").write_text("2")
    assert Path("a").read_text() == "2" and os.stat("a").st_nlink == 2 and os.stat("a").st_ino == os.stat("b").st_ino
    os.unlink("a")
    assert Path("b").read_text() == "2" and os.stat("b").st_nlink == 1
    Path("c").hardlink_to("b")
    assert os.path.samefile("c", "b")
    with pytest.raises(FileExistsError):
        os.link("b", "c")
    with pytest.raises(PermissionError):
        os.link(".", "d")
    with pytest.raises(FileNotFoundError):
        os.link("none", "d")


def test_walk_and_links(here):
    (here / "d/e").mkdir(parents=True)
    Path("d/f").write_text("")
    os.symlink("d", "l")
    os.symlink("nowhere", "d/bad")
    seen = {r: (sorted(a), sorted(b)) for r, a, b in os.walk(".")}
    assert seen == {".": (["d", "l"], []), "./d": (["e"], ["bad", "f"]), "./d/e": ([], [])}
    followed = {r for r, _, _ in os.walk(".", followlinks=True)}
    assert followed == {".", "./d", "./d/e", "./l", "./l/e"}
    with os.scandir(".") as it:
        kinds = {e.name: (e.is_dir(), e.is_symlink(), e.is_dir(follow_symlinks=False), e.is_file()) for e in it}
    assert kinds == {"d": (True, False, True, False), "l": (True, True, False, False)}
    with os.scandir("d") as it:
        for e in it:
            if e.name == "bad":
                assert not e.is_file() and e.is_symlink()
                with pytest.raises(FileNotFoundError):
                    e.stat()
                assert e.stat(follow_symlinks=False).st_size == 7
    assert sorted(glob.glob("*/f")) == ["d/f", "l/f"] and sorted(p.name for p in Path().glob("*")) == ["d", "l"]
    assert [n for n, *_ in os.walk("d", topdown=False)] == ["d/e", "d"]
    assert list(os.walk("missing")) == []
    errors = []
    list(os.walk("missing", onerror=errors.append))
    assert isinstance(errors[0], FileNotFoundError)


def test_shutil(here):
    Path("src/sub").mkdir(parents=True)
    Path("src/a.txt").write_text("a")
    Path("src/sub/b.txt").write_text("b")
    os.symlink("a.txt", "src/l")
    shutil.copytree("src", "dst", symlinks=True)
    assert os.readlink("dst/l") == "a.txt"
    shutil.copytree("src", "dst2")
    assert not os.path.islink("dst2/l") and Path("dst2/l").read_text() == "a"
    with pytest.raises(FileExistsError):
        shutil.copytree("src", "dst")
    shutil.copytree("src", "dst", dirs_exist_ok=True, symlinks=False, ignore=shutil.ignore_patterns("*.txt", "l"))
    os.chmod("src/a.txt", 0o640)
    shutil.copy("src/a.txt", "c")
    assert stat.S_IMODE(os.stat("c").st_mode) == 0o640
    shutil.copyfile("src/a.txt", "c2")
    shutil.copy2("src/a.txt", "c3")
    assert abs(os.stat("c3").st_mtime - os.stat("src/a.txt").st_mtime) < 0.01
    with pytest.raises(shutil.SameFileError):
        shutil.copyfile("c", "c")
    with pytest.raises(FileNotFoundError):
        shutil.copy("none", "x")
    with pytest.raises(IsADirectoryError):
        shutil.copyfile("src", "x")
    shutil.move("c", "src/moved")
    assert Path("src/moved").exists() and not Path("c").exists()
    shutil.move("src/moved", "dst")
    assert Path("dst/moved").exists()
    with pytest.raises(shutil.Error):
        shutil.move("c2", "dst") if Path("dst/c2").write_text("") == 0 else None
    shutil.rmtree("dst")
    assert not Path("dst").exists()
    with pytest.raises(FileNotFoundError):
        shutil.rmtree("dst")
    shutil.rmtree("dst", ignore_errors=True)
    with pytest.raises(NotADirectoryError):
        shutil.rmtree("c2")
    seen = []
    shutil.rmtree("missing", onerror=lambda f, p, e: seen.append(p))
    assert seen == ["missing"] * len(seen) and seen
    assert shutil.disk_usage(".").total > shutil.disk_usage("/").free > 0


@pytest.mark.parametrize("kind, name", [("tar", "x.tar"), ("gztar", "x.tar.gz"), ("zip", "x.zip")])
def test_archives(here, kind, name):
    Path("src/sub").mkdir(parents=True)
    Path("src/a.txt").write_text("a")
    Path("src/sub/b.txt").write_text("b")
    made = shutil.make_archive("x", kind, "src")
    assert os.path.basename(made) == name
    shutil.unpack_archive(name, "out")
    assert Path("out/sub/b.txt").read_text() == "b"
    made = shutil.make_archive("y", kind, root_dir=".", base_dir="src")
    assert os.path.exists(made)
    with pytest.raises(shutil.ReadError):
        Path("bad.zip").write_text("")
        shutil.unpack_archive("bad.zip", "o")
