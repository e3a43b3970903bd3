"""The files of one call, and the rules by which Python finds modules among them.

Paths are relative and `/`-separated. Modules lie in the root, in `src/` or in a folder of the setting `pythonpath`; a test
file also finds modules in its own folder, as in pytest's default import mode. Where code and tests have the same path, code takes precedence, so that a
suite cannot replace the code under test. For test files and conftest.py the suite takes precedence, so that code cannot
replace its tests; files that are test files only by a setting are code, so that no setting moves this border.
"""

import posixpath
import sys
from dataclasses import dataclass

from .settings import has_test_name, read_settings

_CODE_ROOTS = ("", "src")
_FRAMEWORK = ("_pytest", "pluggy", "pytest")
# An import of one of these gets the module that the interpreter and pytest use, whatever files there are: as everywhere, it
# was imported before the project's files can be found.
CORE = frozenset(
    """abc ast asyncio builtins codecs collections contextlib contextvars copy dataclasses enum functools importlib inspect
    io itertools linecache logging marshal operator os pathlib posixpath re shutil stat sys tempfile time tokenize
    traceback types typing unittest warnings weakref""".split()
).union(_FRAMEWORK)


class BadPath(ValueError):
    """A path that is absolute, empty, or contains `..`."""


def join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def parents(folder: str) -> list[str]:
    """Returns the folder and all folders above it; the root ("") is last."""
    chain = [folder]
    while folder:
        folder = posixpath.dirname(folder)
        chain.append(folder)
    return chain


@dataclass(frozen=True)
class Found:
    """The module or package a name refers to. A namespace package has no path."""

    kind: str  # "module", "package" or "namespace"
    path: str | None
    folders: tuple[str, ...] = ()


class Sources:
    def __init__(self, code, tests):
        self.code = _checked_files(code)
        self.tests = _checked_files(tests)
        self.settings = read_settings(self.code, self.tests)
        self._code_roots = [*_CODE_ROOTS, *self.settings.pythonpath]
        suite = self.suite = {p: c for p, c in self.tests.items() if p not in self.code or _belongs_to_suite(p)}
        self.files = {**self.code, **suite}
        # A test file of the suite at the path of a code file does not count as code.
        self._code_layer = {p for p in self.code if p not in suite}
        self._folders = {"code": _folders(self._code_layer), "all": _folders(self.files)}

    def python_files(self):
        return {p: c for p, c in self.files.items() if p.endswith(".py")}

    def is_package(self, folder: str) -> bool:
        return folder != "" and join(folder, "__init__.py") in self.files

    def base_folder(self, path: str) -> str:
        """Returns the folder that a test file's module name is relative to: the nearest one that is not a package."""
        folder = posixpath.dirname(path)
        while self.is_package(folder):
            folder = posixpath.dirname(folder)
        return folder

    def roots_for(self, path: str) -> list[str]:
        """Returns the extra import roots of a test file: its base folder and those of the conftest files above it."""
        roots = [self.base_folder(path)]
        roots += [self.base_folder(c) for c in reversed(self.conftests(path))]
        return list(dict.fromkeys(roots))

    def search_path(self, path: str) -> list[str]:
        """Returns the folders of `sys.path` while this test file runs."""
        src = [r for r in _CODE_ROOTS if r in self._folders["all"]]
        return list(dict.fromkeys([*self.settings.pythonpath, *self.roots_for(path), "", *src]))

    def framework_errors(self) -> list[str]:
        """Returns an error for each module of the code that would stand for the test framework itself."""
        places = [(join(root, name), name) for root in self._code_roots for name in _FRAMEWORK]
        found = [(f"{at}{end}", name) for at, name in places for end in (".py", "/__init__.py") if f"{at}{end}" in self.code]
        return [f"{path}:1: the module name `{name}` belongs to the test framework; rename the file" for path, name in found]

    def conftests(self, path: str) -> list[str]:
        """Returns the conftest.py files that apply to a test file, outermost first."""
        chain = (join(folder, "conftest.py") for folder in reversed(parents(posixpath.dirname(path))))
        return [c for c in chain if c in self.files]

    def module_name(self, path: str, base: str) -> str:
        inner = path[len(base) + 1 :] if base else path
        name = inner.removesuffix(".py").replace("/", ".")
        return name.removesuffix(".__init__")

    def package_folder(self, path: str, level: int) -> str | None:
        """Returns the folder that a relative import of this level starts from; None if it leads out of the package."""
        base = self.base_folder(path) if self.is_suite_file(path) else self._code_root(path)
        folder = posixpath.dirname(path)
        chain = []
        while folder != base:
            chain.append(folder)
            folder = posixpath.dirname(folder)
        return chain[level - 1] if level <= len(chain) else None

    def is_code(self, path: str) -> bool:
        """Returns whether the file at this path is code under test and no file of the suite."""
        return path in self._code_layer

    def is_suite_file(self, path: str) -> bool:
        """Returns whether this is a test file or a conftest.py; pytest explains the asserts of these files."""
        return _belongs_to_suite(path) or (self.settings.is_test_file(path) and not self.is_code(path))

    def _code_root(self, path: str) -> str:
        above = (r for r in self._code_roots if path.startswith(f"{r}/") and not self.is_package(r))
        return max(above, key=len, default="")

    def look_in(self, folder: str, name: str) -> Found | None:
        return self._look("code", folder, name) or self._look("all", folder, name)

    def look_up(self, name: str, extra_roots=()) -> Found | None:
        """Finds a top-level name: first in the code, then beside the tests, then in the code's roots."""
        if name in CORE:
            return None
        places = [("code", r) for r in self._code_roots]
        places += [("all", r) for r in (*extra_roots, *self._code_roots)]
        portions = []
        for layer, root in places:
            found = self._look(layer, root, name)
            if found is None:
                continue
            if found.kind != "namespace":
                return found
            portions += found.folders
        # A namespace package does not hide a module of the standard library.
        if not portions or name in sys.stdlib_module_names:
            return None
        return Found("namespace", None, tuple(dict.fromkeys(portions)))

    def _look(self, layer: str, folder: str, name: str) -> Found | None:
        inner = join(folder, name)
        files = self._code_layer if layer == "code" else self.files
        init = f"{inner}/__init__.py"
        if init in files:
            return Found("package", init, (inner,))
        if f"{inner}.py" in files:
            return Found("module", f"{inner}.py")
        if inner in self._folders[layer]:
            # The other layer may contain the folder's __init__.py.
            if init in self.files:
                return Found("package", init, (inner,))
            return Found("namespace", None, (inner,))
        return None


def _belongs_to_suite(path: str) -> bool:
    return has_test_name(path) or posixpath.basename(path) == "conftest.py"


def _checked_files(files) -> dict[str, str]:
    checked = {}
    for path, content in files:
        clean = path.removeprefix("./")
        parts = clean.split("/")
        if (
            not clean
            or clean.startswith("/")
            or "\\" in clean
            or "\0" in clean
            or any(p in ("", ".", "..") for p in parts)
        ):
            raise BadPath(f"`{path}` is not a relative path inside the project")
        checked[clean] = content.removeprefix("\ufeff")
    return checked


def _folders(paths) -> set[str]:
    """Returns every folder that contains a Python file, directly or below."""
    return {f for p in paths if p.endswith(".py") for f in parents(posixpath.dirname(p)) if f}
