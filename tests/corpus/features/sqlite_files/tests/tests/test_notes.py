import shutil
import sqlite3

import pytest

import notes


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "notes.db"
    for body in ("one", "two"):
        notes.add(path, body)
    return path


def test_notes_are_kept(path):
    assert notes.bodies(path) == ["one", "two"]


def test_copy_has_the_notes(path, tmp_path):
    shutil.copy(path, tmp_path / "copy.db")
    notes.add(path, "three")
    assert notes.bodies(tmp_path / "copy.db") == ["one", "two"]


def test_file_has_a_size(path):
    assert path.stat().st_size > 0
    assert path.read_bytes().startswith(b"SQLite format 3\0")


def test_read_only(path):
    connection = notes.read_only(path)
    assert connection.execute("select count(*) from note").fetchone() == (2,)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("delete from note")
    connection.close()


def test_read_only_needs_the_file(tmp_path):
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        notes.read_only(tmp_path / "none.db").execute("select 1")


def test_not_a_database(tmp_path):
    (tmp_path / "bad.db").write_text("this is no database, and it is long enough" * 40)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        notes.bodies(tmp_path / "bad.db")


def test_rollback(path):
    connection = notes.connect(path)
    with pytest.raises(sqlite3.IntegrityError), connection:
        connection.execute("insert into note (body) values ('three')")
        connection.execute("insert into note (body) values (null)")
    connection.close()
    assert notes.bodies(path) == ["one", "two"]


def test_removed_file_is_gone(path):
    path.unlink()
    assert notes.bodies(path) == []
