"""SQLite databases on memory files. Each file that SQLite has opened is a database in SQLite's own memory.

SQLite's C code cannot see the memory tree. Its file system `memdb` shares a database among the connections that name it
alike. `Database` ties such a name to a file of the tree: the file's bytes are asked from SQLite when somebody looks.
"""

import errno
import os
import re
import sqlite3
import urllib.parse

from ..builtin import as_builtin
from .errors import os_error
from .nodes import File, Folder
from .state import TREE

__tracebackhide__ = True

_RealConnection, _RealCursor = sqlite3.Connection, sqlite3.Cursor
_MAGIC = b"SQLite format 3\0"
_CANNOT_OPEN = "unable to open database file"
_names: set[str] = set()


class Database:
    """The database of one file. The connection that it holds keeps the content while no other one is open."""

    def __init__(self, node: File, path: str):
        self.path = path
        self.name = path if path not in _names else f"/{node.inode}{path}"
        _names.add(self.name)
        self.journal_mode = "delete"
        self._keeper = _RealConnection(self.address(), uri=True, check_same_thread=False, timeout=0)
        self._seen = (-1, 0)
        self._content, self._size = b"", 0

    def address(self, mode="rwc") -> str:
        return f"file:{urllib.parse.quote(self.name)}?vfs=memdb&mode={mode}"

    def load(self, content: bytes):
        """Takes over the bytes of a database file; raises sqlite3.DatabaseError if they are none."""
        source = _RealConnection("file::memory:?vfs=memdb", uri=True)
        try:
            source.deserialize(content)
            source.backup(self._keeper)
        finally:
            source.close()
        self._content, self._size = content, len(content)

    def receive(self, source: sqlite3.Connection, schema: str):
        source.backup(self._keeper, name=schema)

    def size(self) -> int:
        try:
            self._size = self._figure("page_count") * self._figure("page_size")
        except sqlite3.DatabaseError:
            # Another connection is writing, or the database is damaged.
            pass
        return self._size

    def content(self) -> bytes:
        try:
            version = (self._figure("data_version"), self._figure("page_count"))
            if version != self._seen:
                self._content = self._keeper.serialize() if version[1] else b""
                self._seen = version
        except sqlite3.DatabaseError:
            # Another connection is writing, or the database is damaged; what was last seen is what is committed.
            pass
        return self._content

    def close(self):
        self._keeper.close()
        self._content = b""

    def _figure(self, name: str) -> int:
        return self._keeper.execute(f"PRAGMA {name}").fetchone()[0]


def reset():
    _names.clear()


def install():
    """Replaces the connection and cursor classes of `sqlite3`, once."""
    for module in (sqlite3, sqlite3.dbapi2):
        module.Connection, module.Cursor, module.connect = Connection, Cursor, as_builtin(connect)


def connect(database, *args, **options):
    factory = args[5] if len(args) > 5 else options.pop("factory", Connection)
    return factory(database, *args, **options)


def database_of(path, mode="rwc") -> Database | None:
    """Returns the database of a file, or None if the file holds something else. Creates it as the mode says."""
    try:
        place = TREE.look(path)
        node = place.node
        if node is None:
            if mode in ("ro", "rw"):
                raise os_error(errno.ENOENT)
            node = File(TREE, 0o666 & ~TREE.umask)
            TREE.add(place, node)
        if not isinstance(node, File) or not node.allows(4):
            raise os_error(errno.EACCES)
    except OSError:
        raise sqlite3.OperationalError(_CANNOT_OPEN) from None
    if node.database is None:
        content = bytes(node.content())
        if content and not content.startswith(_MAGIC):
            return None
        database = Database(node, TREE.absolute(path))
        if content:
            try:
                database.load(content)
            except sqlite3.DatabaseError:
                database.close()
                return None
        node.database = database
    return node.database


def is_read_only(path) -> bool:
    node = TREE.find(path)
    return node is not None and not node.allows(2)


def _target(database):
    """Returns the address to open, the database of a file, and the bytes of a file that is no database."""
    name = os.fsdecode(database)
    mode = "rwc"
    # As where SQLite is built with SQLITE_USE_URI, an address needs no option.
    if name.startswith("file:"):
        name, mode, is_memory = _parse_address(name)
        if is_memory:
            # SQLite's shared cache is not in this build; `memdb` shares by name as well.
            return ("file::memory:?vfs=memdb" if name is None else f"file:/:shared:/{name}?vfs=memdb"), None, None
    if name in ("", ":memory:"):
        return "file::memory:?vfs=memdb", None, None
    held = database_of(name, mode)
    if held is None:
        return "file::memory:?vfs=memdb", None, bytes(TREE.get(name).content())
    if mode == "rwc":
        mode = "ro" if is_read_only(name) else "rw"
    return held.address(mode), held, None


def _parse_address(address: str):
    """Returns path, mode, and whether a `file:` address means memory; the path is None if nothing is shared."""
    rest = address.partition("#")[0][len("file:") :]
    path, _, query = rest.partition("?")
    if path.startswith("//"):
        authority, slash, path = path[2:].partition("/")
        path = slash + path
        if authority not in ("", "localhost"):
            raise sqlite3.OperationalError(f"invalid uri authority: {authority}")
    options = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    path = urllib.parse.unquote(path)
    mode = options.get("mode", "rwc")
    if mode not in ("ro", "rw", "rwc", "memory"):
        raise sqlite3.OperationalError(f"no such access mode: {mode}")
    if options.get("immutable") == "1" and mode == "rwc":
        mode = "ro"
    if mode == "memory" or path in ("", ":memory:"):
        shared = options.get("cache") == "shared"
        return urllib.parse.quote(path or ":memory:", safe="") if shared else None, mode, True
    return path, mode, False


class Connection(_RealConnection):
    """A connection to memory or to a file of the memory tree."""

    def __init__(self, database, timeout=5.0, detect_types=0, isolation_level="", check_same_thread=True, factory=None,
                 cached_statements=128, uri=False, **options):  # fmt: skip
        address, self._held, strange = _target(database)
        super().__init__(
            address,
            timeout=timeout,
            detect_types=detect_types,
            isolation_level=isolation_level,
            check_same_thread=check_same_thread,
            cached_statements=cached_statements,
            uri=True,
            **options,
        )
        if strange is not None:
            self.deserialize(strange)
        if self._held is not None:
            self._held.size()

    def cursor(self, factory=None):
        return super().cursor(Cursor if factory is None else factory)

    def execute(self, sql, parameters=(), /):
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql, parameters, /):
        return self.cursor().executemany(sql, parameters)

    def executescript(self, sql_script, /):
        return self.cursor().executescript(sql_script)


class Cursor(_RealCursor):
    """Runs statements; those that name a file are redirected to the memory tree."""

    def execute(self, sql, parameters=(), /):
        found = _SPECIAL.match(sql) if isinstance(sql, str) else None
        if found:
            sql, parameters = _redirect(self.connection, sql, parameters)
        return super().execute(sql, parameters)

    def executescript(self, sql, /):
        if isinstance(sql, str) and _SPECIAL_INSIDE.search(sql):
            sql = _ATTACH_TEXT.sub(lambda m: f"{m[1]}{_quoted(_attached(_unquoted(m[2])))}{m[3]}", sql)
        return super().executescript(sql)


for _kind in (Connection, Cursor):
    _kind.__module__ = "sqlite3"

_SPECIAL = re.compile(r"\s*(?:attach|vacuum|pragma)\b", re.IGNORECASE)
_SPECIAL_INSIDE = re.compile(r"\battach\b", re.IGNORECASE)
_ATTACH = re.compile(r"(\s*attach\s+(?:database\s+)?)(.+?)(\s+as\s+.+)", re.IGNORECASE | re.DOTALL)
_ATTACH_TEXT = re.compile(r"(\battach\s+(?:database\s+)?)('(?:[^']|'')*')(\s+as\b)", re.IGNORECASE)
_VACUUM = re.compile(r"\s*vacuum(?:\s+(\w+))?\s+into\s+(.+?)\s*;?\s*", re.IGNORECASE | re.DOTALL)
_JOURNAL = re.compile(
    r"\s*pragma\s+(?:\w+\.)?journal_mode\s*(?:(?:=\s*|\(\s*)['\"]?(\w+)['\"]?\s*\)?)?\s*;?\s*", re.IGNORECASE
)
_DATABASES = re.compile(r"\s*pragma\s+database_list\s*;?\s*", re.IGNORECASE)
_JOURNAL_MODES = ("delete", "truncate", "persist", "memory", "wal", "off")


def _redirect(connection, sql, parameters):
    """Returns the statement and its parameters with files replaced by what SQLite knows."""
    if found := _ATTACH.fullmatch(sql):
        name = _value_of(found[2], parameters)
        if name is not None:
            return f"{found[1]}{_quoted(_attached(name))}{found[3]}", ()
    elif found := _VACUUM.fullmatch(sql):
        name = _value_of(found[2], parameters)
        if name:
            _vacuum_into(connection, found[1] or "main", name)
            return "SELECT 1 WHERE 0", ()
    elif found := _JOURNAL.fullmatch(sql):
        held = getattr(connection, "_held", None)
        if held is not None:
            mode = (found[1] or "").lower()
            if mode in _JOURNAL_MODES:
                held.journal_mode = mode
            return f"SELECT '{held.journal_mode}' AS journal_mode", ()
    elif _DATABASES.fullmatch(sql) and getattr(connection, "_held", None) is not None:
        path = _quoted(connection._held.path)
        file = f"CASE name WHEN 'main' THEN {path} ELSE file END AS file"
        return f"SELECT seq, name, {file} FROM pragma_database_list", ()
    return sql, parameters


def _value_of(expression: str, parameters):
    """Returns the text that a literal or the first parameter stands for, or None if it is more than that."""
    if expression == "?" and not isinstance(parameters, dict):
        return os.fsdecode(parameters[0]) if len(parameters) else None
    if expression[0] in ":@$" and isinstance(parameters, dict):
        return parameters.get(expression[1:])
    quote = expression[0]
    if quote in "'\"" and expression[-1] == quote and len(expression) > 1:
        return expression[1:-1].replace(quote * 2, quote)
    return expression if re.fullmatch(r"\w+", expression) else None


def _attached(name: str) -> str:
    address, _, strange = _target(name)
    if strange is not None:
        raise sqlite3.DatabaseError("file is not a database")
    return address


def _vacuum_into(connection, schema: str, name: str):
    node = TREE.find(name)
    if isinstance(node, Folder) or (node is not None and node.size()):
        raise sqlite3.OperationalError("output file already exists")
    database_of(name).receive(connection, schema)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")
