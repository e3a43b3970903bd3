import sqlite3

import pytest

from depot import Index


def test_names(depot):
    for name in ("b.txt", "a.txt", "c.md"):
        depot.put(name, name.encode())
    assert depot.index.names() == ["a.txt", "b.txt", "c.md"]
    assert depot.index.names("*.txt") == ["a.txt", "b.txt"]


def test_size_counts_the_last_version(depot):
    depot.put("a", b"12345")
    depot.put("a", b"12")
    assert depot.index.size() == 2


def test_backup(depot, tmp_path):
    depot.put("a", b"x")
    depot.index.backup(tmp_path / "copy.db")
    copy = Index(tmp_path / "copy.db")
    assert copy.names() == ["a"]
    copy.close()


def test_own_function(depot):
    assert depot.index.connection.execute("select half(9)").fetchone() == (4,)


def test_two_connections(tmp_path):
    first, second = Index(tmp_path / "i.db"), Index(tmp_path / "i.db")
    first.add("a", "d", 1)
    assert second.names() == ["a"]
    first.close()
    second.close()


def test_closed(depot):
    depot.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        depot.index.names()


def test_in_memory():
    index = Index(":memory:")
    index.add("a", "d", 1)
    assert index.size() == 1
