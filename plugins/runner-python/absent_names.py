"""Writes src/_phasegate_runner/absent/names.py: absent_names.py TYPESHED_STDLIB >NAMES

Run it with CPython 3.13 on Linux that has every optional module. It inspects the modules of that interpreter and adds
what type stubs name for CPython 3.14, and for Windows. Takes names, kinds and plain values only.
"""

import ast
import importlib
import sys
import textwrap
import warnings
from pathlib import Path

LINUX = """_bz2 _curses _curses_panel _lzma _multiprocessing _posixshmem _ssl _tkinter fcntl grp mmap pwd readline
    resource syslog termios""".split()
# New in CPython 3.14.
NEW = ["_zstd"]
# Present in the sandbox, but without some of their names.
PARTIAL = "_socket errno posix select".split()
WINDOWS = "_msi _winapi msvcrt nt winreg winsound".split()
# Removed from CPython after 3.11 or 3.12.
REMOVED = "crypt nis ossaudiodev spwd".split()
# Type stubs give no value for these.
VALUES = {
    "HKEY_CLASSES_ROOT": 0x80000000,
    "HKEY_CURRENT_USER": 0x80000001,
    "HKEY_LOCAL_MACHINE": 0x80000002,
    "HKEY_USERS": 0x80000003,
    "HKEY_PERFORMANCE_DATA": 0x80000004,
    "HKEY_CURRENT_CONFIG": 0x80000005,
    "HKEY_DYN_DATA": 0x80000006,
}
WIDTH = 118


class Names:
    """The names of one module by kind."""

    def __init__(self):
        self.functions, self.classes, self.errors, self.values = set(), {}, {}, {}

    def known(self):
        return {*self.functions, *self.classes, *self.errors, *self.values}

    def lines(self):
        # A base comes before what derives from it.
        order = sorted(self.errors, key=lambda name: (any(base in self.errors for base in self.errors[name]), name))
        yield from (f"error {name} {' '.join(self.errors[name])}" for name in order)
        for name, members in sorted(self.classes.items()):
            yield from wrapped(f"class {name}", sorted(members))
        yield from wrapped("function", sorted(self.functions))
        plain = {n: repr(v) for n, v in sorted(self.values.items()) if " " not in repr(v)}
        yield from wrapped("value", [f"{n}={v}" for n, v in plain.items()])
        yield from (f"text {n} {v!r}" for n, v in sorted(self.values.items()) if n not in plain)


def wrapped(start, words):
    lines = textwrap.wrap(" ".join(words), WIDTH - len(start), break_long_words=False, break_on_hyphens=False)
    return [f"{start} {line}" for line in lines] or ([start] if start != "function" and start != "value" else [])


def inspected(module) -> Names:
    names = Names()
    for name in dir(module):
        value = getattr(module, name)
        if name.startswith("__") or isinstance(value, type(sys)):
            continue
        if isinstance(value, type) and issubclass(value, BaseException):
            if value.__module__ != "builtins":
                names.errors[name] = [b.__name__ for b in value.__bases__]
            else:
                names.errors[name] = [value.__name__]
        elif isinstance(value, type):
            if name == "SocketType":
                continue
            names.classes[name] = {m for m in dir(value) if not m.startswith("_")}
        elif isinstance(value, (int, float, str, bytes, tuple)):
            names.values[name] = tuple(value) if isinstance(value, tuple) else value
        elif callable(value):
            names.functions.add(name)
    return names


class Stub(ast.NodeVisitor):
    """Adds the names of a type stub that are not known yet."""

    def __init__(self, names: Names, windows: bool):
        self.names, self.known = names, names.known()
        self.platform = "win32" if windows else "linux"

    def visit_If(self, node):
        for part in node.body if self._is_true(node.test) else node.orelse:
            self.visit(part)

    def visit_FunctionDef(self, node):
        if self._is_new(node.name):
            self.names.functions.add(node.name)

    def visit_ClassDef(self, node):
        if not self._is_new(node.name):
            return
        bases = [ast.unparse(base) for base in node.bases]
        if any(base.endswith(("Error", "Exception")) for base in bases):
            self.names.errors[node.name] = bases
        else:
            members = {getattr(part, "name", getattr(getattr(part, "target", None), "id", "_")) for part in node.body}
            self.names.classes[node.name] = {member for member in members if not member.startswith("_")}

    def visit_AnnAssign(self, node):
        name = node.target.id
        if not self._is_new(name) or "TypeAlias" in ast.unparse(node.annotation):
            return
        try:
            value = ast.literal_eval(node.value)
        except (ValueError, TypeError):
            value = None
        if value is None:
            value = VALUES.get(name, "" if "str" in ast.unparse(node.annotation) else 0)
        self.names.values[name] = value

    def visit_Assign(self, node):
        for target in node.targets:
            if self._is_new(target.id) and isinstance(node.value, ast.Name) and node.value.id in self.names.errors:
                self.names.errors[target.id] = [node.value.id]

    def _is_new(self, name):
        return name not in self.known and not name.startswith("__")

    def _is_true(self, test):
        facts = {"sys": type("sys", (), {"platform": self.platform, "version_info": (3, 14)}), "TYPE_CHECKING": False}
        return eval(ast.unparse(test), facts)


def names_of(module, stubs: Path, windows=False) -> Names:
    names = Names()
    if not windows and module not in (*NEW, *REMOVED):
        names = inspected(importlib.import_module(module))
    stub = stubs / f"{module}.pyi"
    if stub.exists() and module not in PARTIAL:
        Stub(names, windows).visit(ast.parse(stub.read_text()))
    return names


def main():
    warnings.simplefilter("ignore")
    stubs = Path(sys.argv[1])
    print('"""Written by absent_names.py. The names of modules that the component lacks, by kind."""\n')
    for constant, modules in (("LINUX", LINUX + NEW), ("PARTIAL", PARTIAL), ("WINDOWS", WINDOWS), ("REMOVED", REMOVED)):
        print(f"{constant} = {{")
        for module in modules:
            text = "\n".join(names_of(module, stubs, module in WINDOWS).lines())
            print(f'    "{module}": r"""\n{text}\n""",')
        print("}")


main()
