import errno
import os

import pytest

import lowlevel


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "x.py"
    path.write_bytes(b"# -*- coding: latin-1 -*-\nname = '\xe9'\n")
    return path


def test_first_line(path):
    assert lowlevel.first_line(path) == "# -*- coding: latin-1 -*-"


def test_encoding(path):
    assert lowlevel.encoding_of(path) == "iso-8859-1"


def test_checksum(tmp_path):
    (tmp_path / "b").write_bytes(bytes([200, 100]))
    assert lowlevel.checksum(tmp_path / "b") == 44


def test_copy_by_descriptor(path, tmp_path):
    lowlevel.copy_by_descriptor(path, tmp_path / "y.py")
    assert (tmp_path / "y.py").read_bytes() == path.read_bytes()
    with pytest.raises(FileExistsError):
        lowlevel.copy_by_descriptor(path, tmp_path / "y.py")


def test_closed_descriptor(path):
    fd = os.open(path, os.O_RDONLY)
    os.close(fd)
    with pytest.raises(OSError) as caught:
        os.read(fd, 1)
    assert caught.value.errno == errno.EBADF


def test_pipe():
    assert lowlevel.through_pipe(b"abc") == b"abc"


def test_descriptor_of_a_file(path):
    with open(path, "rb") as file:
        assert os.fstat(file.fileno()).st_size == path.stat().st_size


def test_output_below_print(capfd):
    os.write(1, b"raw\n")
    print("text", flush=True)
    assert capfd.readouterr().out == "raw\ntext\n"
