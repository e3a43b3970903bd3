import contextlib
import sqlite3


def connect(path):
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    connection.execute("create table if not exists note (id integer primary key, body text not null)")
    return connection


def add(path, body):
    with contextlib.closing(connect(path)) as connection, connection:
        return connection.execute("insert into note (body) values (?)", (body,)).lastrowid


def bodies(path):
    with contextlib.closing(connect(path)) as connection:
        return [row["body"] for row in connection.execute("select body from note order by id")]


def read_only(path):
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)
