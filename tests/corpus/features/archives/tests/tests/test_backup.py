import io
import shutil
import tarfile

import pytest

import backup


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("one")
    (folder / "sub" / "b.bin").write_bytes(bytes(300))
    return folder


def test_tar_round_trip(folder, tmp_path):
    path = backup.tar_folder(folder, tmp_path / "x.tar.gz")
    assert backup.names(path) == ["backup", "backup/a.txt", "backup/sub", "backup/sub/b.bin"]
    backup.restore(path, tmp_path / "out")
    assert (tmp_path / "out" / "backup" / "sub" / "b.bin").read_bytes() == bytes(300)


def test_zip(folder, tmp_path):
    path = backup.make_zip(folder, tmp_path / "y")
    assert path.endswith("y.zip")
    assert backup.names(path) == ["a.txt", "sub/", "sub/b.bin"]


def test_unpack(folder, tmp_path):
    path = shutil.make_archive(str(tmp_path / "z"), "tar", folder)
    shutil.unpack_archive(path, tmp_path / "unpacked")
    assert (tmp_path / "unpacked" / "a.txt").read_text() == "one"


def test_tar_in_memory():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        entry = tarfile.TarInfo("hello.txt")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    file.seek(0)
    with tarfile.open(fileobj=file) as archive:
        assert archive.extractfile("hello.txt").read() == b"hello"


def test_not_an_archive(tmp_path):
    (tmp_path / "x.tar").write_text("nothing")
    with pytest.raises(tarfile.ReadError):
        backup.names(tmp_path / "x.tar")
