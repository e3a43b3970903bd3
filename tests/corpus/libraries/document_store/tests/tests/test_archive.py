import json
import tarfile
import zipfile

import pytest

from depot import Depot, export, restore


def test_export_and_restore(depot, data, tmp_path):
    depot.put("x/y", data)
    depot.put("z", b"z")
    export(depot, tmp_path / "all.tar.gz")
    with Depot(tmp_path / "other") as other:
        assert restore(other, tmp_path / "all.tar.gz") == 2
        assert other.get("x/y") == data


def test_listing(depot, tmp_path):
    depot.put("b", b"")
    export(depot, tmp_path / "all.tar.gz")
    with tarfile.open(tmp_path / "all.tar.gz") as archive:
        assert json.load(archive.extractfile("names.json")) == ["b"]
        assert archive.getmember("documents/b").mode == 0o600


def test_restore_from_zip(depot, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one", "1" * 1000)
        archive.writestr("two", b"2")
    assert restore(depot, tmp_path / "a.zip") == 2
    assert depot.index.size() == 1001


def test_damaged_archive(depot, tmp_path):
    (tmp_path / "bad.tar").write_bytes(b"no archive" * 100)
    with pytest.raises(tarfile.ReadError):
        restore(depot, tmp_path / "bad.tar")
