import io
from concurrent.futures import Executor
from unittest import mock

import pytest

from portable import compress, hashing, parallel, users


def test_file_digest(tmp_path):
    (tmp_path / "f").write_bytes(b"abc" * 100_000)
    assert hashing.of_file(tmp_path / "f", "md5") == hashing.hashlib.md5(b"abc" * 100_000).hexdigest()


def test_quick():
    assert hashing.quick(b"hello") == 907060870


def test_map_in_this_process():
    assert parallel.map_all(abs, [-1, 2]) == [1, 2]


def test_map_in_threads():
    assert parallel.map_all(abs, [-1, 2, -3], "thread") == [1, 2, 3]


def test_processes_are_asked_for(monkeypatch):
    executor = mock.MagicMock(spec=Executor)
    executor.__enter__.return_value.map.return_value = iter([1])
    monkeypatch.setattr(parallel, "ProcessPoolExecutor", lambda workers: executor)
    assert parallel.map_all(abs, [-1], "process") == [1]


def test_cpu_count():
    assert parallel.cpu_count() >= 1


def test_user_has_a_name():
    assert users.name()


def test_width_without_terminal():
    assert users.console_width(io.StringIO()) == 80


def test_gzip_is_available():
    assert "gz" in compress.available()


@pytest.mark.parametrize("have, best", [(["gz"], "gz"), (["gz", "xz"], "xz")])
def test_best(have, best):
    assert compress.best(["xz", "gz"], lambda: have) == best


def test_nothing_is_available():
    with pytest.raises(LookupError, match="none of xz"):
        compress.best(["xz"], lambda: [])


def test_about():
    assert set(compress.about()) == {"zlib", "tls"}
