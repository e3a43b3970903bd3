"""`pwd` and `grp` for the one user of the sandbox."""

from collections import namedtuple

NAME, UID, HOME = "sandbox", 1000, "/home/sandbox"

_User = namedtuple("struct_passwd", "pw_name pw_passwd pw_uid pw_gid pw_gecos pw_dir pw_shell")
_Group = namedtuple("struct_group", "gr_name gr_passwd gr_gid gr_mem")
_USERS = [_User("root", "x", 0, 0, "root", "/root", "/bin/sh"), _User(NAME, "x", UID, UID, NAME, HOME, "/bin/sh")]
_GROUPS = [_Group("root", "x", 0, []), _Group(NAME, "x", UID, [])]


def pwd(names):
    names["struct_passwd"] = _User
    names["getpwall"] = lambda: list(_USERS)
    names["getpwnam"] = _lookup(_USERS, 0, str, "getpwnam(): name not found: {!r}")
    names["getpwuid"] = _lookup(_USERS, 2, int, "getpwuid(): uid not found: {}")


def grp(names):
    names["struct_group"] = _Group
    names["getgrall"] = lambda: list(_GROUPS)
    names["getgrnam"] = _lookup(_GROUPS, 0, str, "getgrnam(): name not found: {!r}")
    names["getgrgid"] = _lookup(_GROUPS, 2, int, "getgrgid(): gid not found: {}")


def _lookup(entries, field, kind, missing):
    def get(key):
        if not isinstance(key, kind):
            raise TypeError(f"{kind.__name__} expected, not {type(key).__name__}")
        for entry in entries:
            if entry[field] == key:
                return entry
        raise KeyError(missing.format(key))

    return get
