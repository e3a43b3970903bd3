import contextlib
import os
import shutil
import sqlite3
import stat
import tempfile
from pathlib import Path
import pytest


@pytest.fixture
def db(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    c = sqlite3.connect("app.db")
    c.execute("create table t(a integer primary key, b text)")
    c.executemany("insert into t(b) values (?)", [("x",), ("y",)])
    c.commit()
    c.close()
    return tmp_path / "app.db"


def rows(path, sql="select b from t order by a", **k):
    with contextlib.closing(sqlite3.connect(path, **k)) as c:
        return [r[0] for r in c.execute(sql)]


def test_file(db):
    assert (
        db.exists()
        and db.stat().st_size > 0
        and db.stat().st_size % 512 == 0
        and db.read_bytes().startswith(b"SQLite format 3\0")
    )
    assert rows(db) == ["x", "y"] and rows(str(db)) == ["x", "y"] and rows(os.fsencode(db)) == ["x", "y"]
    assert os.listdir(".") == ["app.db"]


def test_empty_until_written(tmp_path):
    p = tmp_path / "e.db"
    c = sqlite3.connect(p)
    assert p.exists() and p.stat().st_size == 0
    c.execute("create table t(a)")
    assert p.stat().st_size > 0
    c.close()
    with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
        sqlite3.connect(tmp_path / "no/x.db")
    with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
        sqlite3.connect(tmp_path)


def test_copy(db):
    shutil.copy(db, "copy.db")
    assert rows("copy.db") == ["x", "y"]
    c = sqlite3.connect("copy.db")
    c.execute("insert into t(b) values('z')")
    c.commit()
    c.close()
    assert rows("copy.db") == ["x", "y", "z"] and rows(db) == ["x", "y"]
    Path("third.db").write_bytes(db.read_bytes())
    assert rows("third.db") == ["x", "y"]
    shutil.copy(db, "copy.db")
    assert rows("copy.db") == ["x", "y"]


def test_rename_delete(db):
    os.rename(db, "new.db")
    assert rows("new.db") == ["x", "y"] and not db.exists()
    c = sqlite3.connect(db)
    assert c.execute("select count(*) from sqlite_master").fetchone() == (0,)
    c.close()
    os.unlink("new.db")
    c = sqlite3.connect("new.db")
    with pytest.raises(sqlite3.OperationalError, match="no such table: t"):
        c.execute("select * from t")
    c.close()
    os.replace("app.db", "new.db")
    assert not db.exists()


def test_deleted_while_open(db):
    c = sqlite3.connect(db)
    assert c.execute("select count(*) from t").fetchone() == (2,)
    db.unlink()
    assert c.execute("select count(*) from t").fetchone() == (2,)
    d = sqlite3.connect(db)
    assert d.execute("select name from sqlite_master").fetchall() == []
    c.close()
    d.close()


def test_two_connections(db):
    a, b = sqlite3.connect(db, timeout=0.1), sqlite3.connect(db, timeout=0.1)
    assert b.execute("select count(*) from t").fetchall() == [(2,)]
    a.execute("insert into t(b) values('n')")
    with pytest.raises(sqlite3.OperationalError, match="database is locked"):
        b.execute("insert into t(b) values('m')")
    b.rollback()
    assert db.stat().st_size > 0
    a.commit()
    assert b.execute("select count(*) from t").fetchall() == [(3,)]
    a.execute("delete from t")
    a.rollback()
    assert b.execute("select count(*) from t").fetchall() == [(3,)]
    a.execute("begin exclusive")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        b.execute("select * from t").fetchall()
    a.rollback()
    a.close()
    b.close()


def test_uri(db):
    assert rows(f"file:{db}", uri=True) == ["x", "y"] and rows(db.as_uri(), uri=True) == ["x", "y"]
    c = sqlite3.connect(f"file:{db}?mode=ro", uri=True)
    assert c.execute("select count(*) from t").fetchone() == (2,)
    with pytest.raises(sqlite3.OperationalError, match="attempt to write a readonly database"):
        c.execute("insert into t(b) values('q')")
    c.close()
    for mode in ("ro", "rw"):
        with pytest.raises(sqlite3.OperationalError, match="unable to open database file"):
            sqlite3.connect(f"file:{db}.none?mode={mode}", uri=True)
    c = sqlite3.connect(f"file:{db}?mode=rw", uri=True)
    c.execute("insert into t(b) values('q')")
    c.commit()
    c.close()
    c = sqlite3.connect(f"file:{db}?immutable=1", uri=True)
    assert c.execute("select count(*) from t").fetchone() == (3,)
    c.close()
    p = db.parent / "odd name?#%.db"
    sqlite3.connect(p).execute("create table u(a)")
    assert rows(p.as_uri(), "select name from sqlite_master", uri=True) == ["u"]
    with pytest.raises(sqlite3.OperationalError):
        sqlite3.connect(f"file:{db}?mode=what", uri=True)


def test_not_uri(db):
    c = sqlite3.connect("file:literal.db")
    c.execute("create table q(a)")
    c.close()
    assert Path("literal.db").exists()


def test_memory():
    a, b = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
    a.execute("create table t(a)")
    assert b.execute("select * from sqlite_master").fetchall() == []
    a = sqlite3.connect("file:shared1?mode=memory&cache=shared", uri=True)
    a.execute("create table s(a)")
    a.commit()
    b = sqlite3.connect("file:shared1?mode=memory&cache=shared", uri=True)
    assert b.execute("select name from sqlite_master").fetchall() == [("s",)]
    c = sqlite3.connect("file:other?mode=memory&cache=shared", uri=True)
    assert c.execute("select name from sqlite_master").fetchall() == []
    a.close()
    b.close()
    b = sqlite3.connect("file:shared1?mode=memory&cache=shared", uri=True)
    assert b.execute("select name from sqlite_master").fetchall() == []
    d = sqlite3.connect("file::memory:?cache=shared", uri=True)
    d.execute("create table m(a)")
    d.commit()
    assert sqlite3.connect("file::memory:?cache=shared", uri=True).execute(
        "select name from sqlite_master"
    ).fetchall() == [("m",)]
    e = sqlite3.connect("")
    e.execute("create table t(a)")
    assert not os.path.exists(":memory:")


def test_not_a_database(tmp_path):
    p = tmp_path / "bad.db"
    p.write_text("this is not a database, it is text that is long enough to be looked at" * 20)
    c = sqlite3.connect(p)
    with pytest.raises(sqlite3.DatabaseError, match="file is not a database"):
        c.execute("select * from sqlite_master")
    c.close()
    assert p.read_text().startswith("this is")
    p.write_bytes(b"SQLite format 3\0" + b"\1" * 2000)
    c = sqlite3.connect(p)
    with pytest.raises(sqlite3.DatabaseError):
        c.execute("select * from sqlite_master")


def test_corrupt(db):
    data = bytearray(db.read_bytes())
    data[100:110] = b"\xff" * 10
    db.write_bytes(data)
    c = sqlite3.connect(db)
    with pytest.raises(sqlite3.DatabaseError, match="malformed"):
        c.execute("select * from t").fetchall()


def test_pragmas(db):
    c = sqlite3.connect(db)
    assert c.execute("PRAGMA journal_mode").fetchone() == ("delete",) and c.execute(
        "PRAGMA journal_mode=WAL"
    ).fetchone() == ("wal",)
    assert c.execute("pragma journal_mode;").fetchone()[0] == "wal"
    assert c.cursor().execute("PRAGMA main.journal_mode = DELETE").fetchall() == [("delete",)]
    assert c.execute("pragma user_version").fetchone() == (0,)
    c.execute("pragma user_version = 7")
    c.commit()
    assert rows(db, "pragma user_version") == [7] and c.execute("pragma integrity_check").fetchone() == ("ok",)
    assert c.execute("pragma database_list").fetchone() == (0, "main", str(db.resolve()))
    c.execute("pragma foreign_keys=on")
    assert c.execute("pragma foreign_keys").fetchone() == (1,)
    c.execute("pragma synchronous=normal")
    assert sqlite3.connect(":memory:").execute("pragma journal_mode").fetchone() == ("memory",)
    c.execute("vacuum")
    c.close()


def test_attach(db):
    o = sqlite3.connect("other.db")
    o.execute("create table o(x)")
    o.execute("insert into o values (5)")
    o.commit()
    o.close()
    for main in (db, ":memory:"):
        c = sqlite3.connect(main)
        c.execute("attach database 'other.db' as o")
        assert c.execute("select x from o.o").fetchall() == [(5,)]
        c.execute("insert into o.o values (6)")
        c.commit()
        c.execute("delete from o.o where x = 6")
        c.commit()
        c.execute("detach o")
        c.execute("ATTACH ? AS p", (str(db.parent / "other.db"),))
        assert c.execute("select count(*) from p.o").fetchone() == (1,)
        c.execute("attach ':memory:' as mem")
        c.execute("create table mem.z(a)")
        c.close()
    c = sqlite3.connect(":memory:")
    c.execute("attach 'made.db' as m")
    c.execute("create table m.t(a)")
    c.commit()
    c.close()
    assert Path("made.db").stat().st_size > 0
    c = sqlite3.connect(":memory:")
    c.executescript("attach 'made2.db' as m; create table m.t(a); insert into m.t values (1);")
    c.close()
    assert rows("made2.db", "select a from t") == [1]


def test_backup_and_vacuum_into(db):
    a, b = sqlite3.connect(db), sqlite3.connect("backup.db")
    a.backup(b)
    b.close()
    assert rows("backup.db") == ["x", "y"]
    m = sqlite3.connect(":memory:")
    a.backup(m)
    assert m.execute("select count(*) from t").fetchone() == (2,)
    a.execute("vacuum into 'v.db'")
    assert rows("v.db") == ["x", "y"]
    a.execute("vacuum into ?", ("w.db",))
    assert rows("w.db") == ["x", "y"]
    with pytest.raises(sqlite3.OperationalError, match="output file already exists"):
        a.execute("vacuum into 'v.db'")
    script = "\n".join(a.iterdump())
    n = sqlite3.connect(":memory:")
    n.executescript(script)
    assert n.execute("select count(*) from t").fetchone() == (2,)
    data = a.serialize()
    n = sqlite3.connect(":memory:")
    n.deserialize(data)
    assert n.execute("select count(*) from t").fetchone() == (2,)
    Path("s.db").write_bytes(data)
    assert rows("s.db") == ["x", "y"]


def test_classes(db):
    c = sqlite3.connect(db)
    assert (
        isinstance(c, sqlite3.Connection)
        and type(c) is sqlite3.Connection
        and isinstance(c.execute("select 1"), sqlite3.Cursor)
        and type(c.cursor()) is sqlite3.Cursor
    )

    class Mine(sqlite3.Connection):
        def __init__(self, *a, **k):
            super().__init__(*a, **k)
            self.mine = 1

        def hello(self):
            return 5

    m = sqlite3.connect(db, factory=Mine)
    assert m.hello() == 5 and m.mine == 1 and m.execute("select count(*) from t").fetchone() == (2,)

    class Cur(sqlite3.Cursor):
        pass

    assert isinstance(c.cursor(Cur), Cur)
    c.row_factory = sqlite3.Row
    r = c.execute("select a, b from t").fetchone()
    assert r["b"] == "x" and r.keys() == ["a", "b"]
    assert sqlite3.Connection(db).execute("select 1").fetchone() == (1,)
    assert repr(c).startswith("<sqlite3.Connection object at")
    with pytest.raises(TypeError):
        sqlite3.connect()
    with pytest.raises(TypeError):
        sqlite3.connect(5.5)
    with pytest.raises(sqlite3.ProgrammingError):
        c.execute("select ?", ())
    with pytest.raises(sqlite3.ProgrammingError):
        c.execute("select 1; select 2")
    with c:
        c.execute("insert into t(b) values ('w')")
    with pytest.raises(ZeroDivisionError):
        with c:
            c.execute("insert into t(b) values ('v')")
            1 / 0
    assert rows(db) == ["x", "y", "w"]
    c.close()
    with pytest.raises(sqlite3.ProgrammingError, match="Cannot operate on a closed database"):
        c.execute("select 1")


def test_options(db):
    c = sqlite3.connect(
        db,
        isolation_level=None,
        detect_types=sqlite3.PARSE_DECLTYPES,
        timeout=1,
        check_same_thread=False,
        cached_statements=10,
    )
    assert c.isolation_level is None
    c.execute("begin")
    c.execute("insert into t(b) values('o')")
    assert c.in_transaction
    c.execute("rollback")
    c = sqlite3.connect(db, 5.0, 0, "IMMEDIATE")
    assert c.isolation_level == "IMMEDIATE"
    c.create_function("twice", 1, lambda x: 2 * x)
    assert c.execute("select twice(4)").fetchone() == (8,)
    assert c.execute("insert into t(b) values('r') returning a, b").fetchone() == (3, "r")
    assert c.total_changes == 1
    c.execute("create temp table tt(a)")
    c.execute(
        "insert into tt select value from (with recursive n(value) as (select 1 union all select value + 1 from n where value < 5000) select value from n)"
    )
    assert c.execute("select count(*) from (select a from tt order by -a)").fetchone() == (5000,)
    assert c.execute("select json_extract('{\"a\": 2}', '$.a')").fetchone() == (2,)


def test_read_only_file(db):
    if os.getuid() == 0:
        return
    os.chmod(db, 0o444)
    c = sqlite3.connect(db)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        c.execute("insert into t(b) values ('x')")


def test_temporary(tmp_path):
    with tempfile.NamedTemporaryFile(suffix=".db") as f:
        c = sqlite3.connect(f.name)
        c.execute("create table t(a)")
        c.execute("insert into t values (1)")
        c.commit()
        assert os.path.getsize(f.name) > 0
        c.close()
    fd, name = tempfile.mkstemp()
    os.close(fd)
    c = sqlite3.connect(name)
    c.execute("create table t(a)")
    c.close()
    os.unlink(name)
    assert not os.path.exists(name)


def test_written_while_open(db):
    c = sqlite3.connect(db)
    other = sqlite3.connect("o.db")
    other.execute("create table z(a)")
    other.commit()
    other.close()
    c.close()
    shutil.copyfile("o.db", db)
    assert rows(db, "select name from sqlite_master") == ["z"]
    with open(db, "wb"):
        pass
    assert rows(db, "select name from sqlite_master") == []


def test_links(db):
    os.symlink(db, "l.db")
    assert rows("l.db") == ["x", "y"]
    os.link(db, "h.db")
    c = sqlite3.connect("h.db")
    c.execute("delete from t")
    c.commit()
    c.close()
    assert rows(db) == []


def test_large(tmp_path):
    c = sqlite3.connect(tmp_path / "big.db")
    c.execute("create table t(a, b)")
    c.executemany("insert into t values (?, ?)", ((i, "v" * 100) for i in range(20000)))
    c.commit()
    assert (tmp_path / "big.db").stat().st_size > 2_000_000
    assert c.execute("select count(*), max(a) from (select * from t order by b, -a)").fetchone() == (20000, 19999)
    c.execute("create index i on t(b, a)")
    c.execute("delete from t where a < 10000")
    c.commit()
    c.execute("vacuum")
    assert c.execute("select count(*) from t").fetchone() == (10000,)
