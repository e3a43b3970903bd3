"""SQLite databases on memory files: each path is a shared in-memory database, kept while its file exists.

SQLite's C code cannot see the memory tree. The file in the tree is empty and only marks that the database exists.
"""

import os
import sqlite3

from .tree import File, Tree


def install(tree: Tree):
    real = sqlite3.connect
    connections: dict[int, sqlite3.Connection] = {}

    def connect(database, *args, **options):
        name = os.fsdecode(database)
        if name in ("", ":memory:") or name.startswith("file:"):
            return real(database, *args, **options)
        try:
            node = tree.find(name)
            if node is None:
                node = File(tree)
                tree.add(name, node)
        except OSError:
            raise sqlite3.OperationalError("unable to open database file") from None
        if not isinstance(node, File):
            raise sqlite3.OperationalError("unable to open database file")
        if node.data:
            raise sqlite3.DatabaseError("file is not a database")
        address = f"file:/memory{node.inode}?vfs=memdb"
        if node.inode not in connections:
            connections[node.inode] = real(address, uri=True, check_same_thread=False)
        return real(address, *args, **{**options, "uri": True})

    sqlite3.connect = sqlite3.dbapi2.connect = connect
