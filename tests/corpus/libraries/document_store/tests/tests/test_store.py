import hashlib
import os
import stat

import pytest

from depot import Depot, NotFound, WrongPassword


def test_round_trip(depot, data):
    assert depot.put("a/b", data) == hashlib.sha256(data).hexdigest()
    assert depot.get("a/b") == data


def test_equal_documents_are_stored_once(depot):
    depot.put("a", b"x")
    depot.put("b", b"x")
    files = [path for path in (depot.folder / "objects").rglob("*") if path.is_file()]
    assert len(files) == 1
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o444


def test_latest_is_a_link(depot):
    depot.put("a", b"one")
    depot.put("b", b"two")
    latest = depot.folder / "latest"
    assert latest.is_symlink() and not os.path.isabs(os.readlink(latest))
    assert latest.read_bytes() == b"two"


def test_not_found(depot):
    with pytest.raises(NotFound):
        depot.get("nothing")


def test_opened_again(tmp_path):
    with Depot(tmp_path) as first:
        first.put("a", b"kept")
    with Depot(tmp_path) as second:
        assert second.get("a") == b"kept"
        assert second.index.names() == ["a"]


def test_password(tmp_path):
    Depot(tmp_path, "secret").close()
    Depot(tmp_path, "secret").close()
    with pytest.raises(WrongPassword):
        Depot(tmp_path, "guess")
