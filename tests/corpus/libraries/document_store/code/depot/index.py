import sqlite3

SCHEMA = """
create table if not exists document (name text primary key, digest text not null, size integer not null) without rowid;
create index if not exists by_digest on document (digest);
pragma user_version = 1;
"""


class Index:
    def __init__(self, path):
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.executescript(SCHEMA)
        self.connection.create_function("half", 1, lambda size: size // 2, deterministic=True)

    def add(self, name, digest, size):
        self.connection.execute(
            "insert into document values (?, ?, ?) on conflict (name) do update set digest = ?2, size = ?3",
            (name, digest, size),
        )

    def digest(self, name):
        found = self.connection.execute("select digest from document where name = :name", {"name": name}).fetchone()
        return found and found[0]

    def names(self, pattern="*"):
        rows = self.connection.execute("select name from document where name glob ? order by name", (pattern,))
        return [name for (name,) in rows]

    def size(self):
        return self.connection.execute("select coalesce(sum(size), 0) from document").fetchone()[0]

    def backup(self, path):
        target = sqlite3.connect(path)
        with target:
            self.connection.backup(target)
        target.close()

    def close(self):
        self.connection.close()
