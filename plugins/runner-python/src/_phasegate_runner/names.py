"""Finds the names of the tests in a file, as pytest would, by parsing alone.

Lists only certain tests. A test defined under a condition or created at run time appears in the run, not here, and neither
does a test that a decorator may replace by others. A class that pytest leaves out because of a constructor in the code
under test is listed: its tests must not vanish.
"""

import ast
import sys

from .definitions import (
    FUNCTIONS,
    assigned_constant,
    decorators_of,
    dotted_name,
    has_constructor,
    imported_names,
    is_fixture,
    last_of_each,
    name_of,
    names_marked_untested,
)
from .trees import Trees

_UNITTEST = {"unittest.TestCase", "unittest.IsolatedAsyncioTestCase", "unittest.case.TestCase"}
# A decorator that replaces the test by others sets attributes of a class or writes into the scope around it.
_REPLACING = ("f_locals", "setattr(", "delattr(")


def collect(trees: Trees) -> list[str]:
    """Returns the full names of all tests in the suite's test files, sorted by path; for a file without any, its path."""
    settings = trees.sources.settings
    found = []
    for path in sorted(trees.sources.tests):
        if settings.is_test_file(path) and trees.get(path) is not None:
            found += tests_in_file(trees, path)[0] or ([path] if settings.must_have_tests(path) else [])
    return found


def tests_in_file(trees: Trees, path: str) -> tuple[list[str], list[str]]:
    """Returns the names `path::class::test` of one file, each once, in the order of definition: first those of the tests
    that must be there, then those of tests that a decorator may replace by others, whose names begin with theirs.
    """
    if trees.get(path) is None or trees.sources.is_code(path):
        return [], []
    found = {f"{path}::{name}": replaceable for name, replaceable in _Module(trees, path).tests()}
    return [name for name, replaceable in found.items() if not replaceable], [n for n in found if found[n]]


class _Module:
    def __init__(self, trees: Trees, path: str):
        self.trees, self.path, self.settings = trees, path, trees.sources.settings
        self.tree = trees.get(path)
        self.body = last_of_each(self.tree.body)
        self.classes = {n.name: n for n in self.tree.body if isinstance(n, ast.ClassDef)}
        self.imported = imported_names(self.tree)
        self.untested = names_marked_untested(self.tree)

    def tests(self):
        """Yields the name of each test within the file, and whether a decorator may replace it."""
        for node in self.body:
            if isinstance(node, FUNCTIONS):
                is_test = self.settings.is_test_function(node.name) and node.name not in self.untested
                if is_test and not is_fixture(node, self.imported):
                    yield node.name, self.may_be_replaced(node)
            elif isinstance(node, ast.ClassDef) and node.name not in self.untested:
                yield from self.tests_of_class(node, node.name)

    def tests_of_class(self, node: ast.ClassDef, prefix: str):
        line = self.ancestry(node, set())
        unit = any(base in _UNITTEST for _, base in line if isinstance(base, str))
        classes = [(module, c) for module, c in line if isinstance(c, ast.ClassDef)]
        if not unit and not (self.settings.is_test_class(node.name) and self.is_collectable(line)):
            return
        if next((v for v in (assigned_constant(c, "__test__") for _, c in classes) if v is not None), True) is False:
            return
        members = {}
        for module, cls in reversed(classes):
            for member in last_of_each(cls.body):
                name = name_of(member)
                if name:
                    members.pop(name, None)
                    members[name] = (module, member)
        replaced = any(module.may_be_replaced(cls) for module, cls in classes)
        for name, (module, member) in members.items():
            is_test = name.startswith("test") if unit else self.settings.is_test_function(name)
            if isinstance(member, FUNCTIONS) and is_test and not is_fixture(member, module.imported):
                yield f"{prefix}::{name}", replaced or module.may_be_replaced(member)
            elif isinstance(member, ast.ClassDef) and not unit:
                yield from self.tests_of_class(member, f"{prefix}::{name}")

    def is_collectable(self, line) -> bool:
        """Returns whether pytest collects the class: it ignores classes with a constructor. Those in the code do not count."""
        for module, base in line:
            if isinstance(base, str):
                if _has_constructor_here(base):
                    return False
            elif not self.trees.sources.is_code(module.path) and has_constructor(base):
                return False
        return True

    def may_be_replaced(self, node) -> bool:
        """Returns whether a decorator is defined in a supplied file that sets attributes or writes into other scopes."""
        paths = {self.path_of_definition(decorator) for decorator in decorators_of(node)}
        return any(word in self.trees.sources.files[path] for path in paths if path for word in _REPLACING)

    def path_of_definition(self, dotted: str) -> str | None:
        head, _, rest = dotted.partition(".")
        if head not in self.imported:
            return self.path if any(name_of(n) == head for n in self.body) else None
        whole = f"{self.imported[head]}.{rest}" if rest else self.imported[head]
        while whole.strip("."):
            path = self._path_of(whole)
            if path:
                return path
            whole = whole.rpartition(".")[0]
        return None

    def ancestry(self, node: ast.ClassDef, seen: set):
        """Returns the class and its bases, nearest first; bases outside the supplied files as dotted names."""
        line = [(self, node)]
        for base in node.bases:
            dotted = dotted_name(base.value if isinstance(base, ast.Subscript) else base)
            if dotted and (self.path, dotted) not in seen:
                line += self.base(dotted, seen | {(self.path, dotted)})
        return line

    def base(self, dotted: str, seen: set):
        if dotted in self.classes:
            return self.ancestry(self.classes[dotted], seen)
        head, _, rest = dotted.partition(".")
        target = self.imported.get(head, head)
        whole = f"{target}.{rest}" if rest else target
        module, _, name = whole.rpartition(".")
        path = self._path_of(module) if module else None
        if path is None or self.trees.get(path) is None:
            return [(self, whole)]
        return _Module(self.trees, path).base(name, seen)

    def _path_of(self, module: str) -> str | None:
        sources = self.trees.sources
        if module.startswith("."):
            folder = sources.package_folder(self.path, len(module) - len(module.lstrip(".")))
            if folder is None:
                return None
            folders, parts, found = (folder,), [p for p in module.lstrip(".").split(".") if p], None
        else:
            first, *parts = module.split(".")
            found = sources.look_up(first, sources.roots_for(self.path) if self.path in sources.tests else [])
            if found is None:
                return None
            folders = found.folders
        for part in parts:
            found = next((f for f in (sources.look_in(d, part) for d in folders) if f), None)
            if found is None:
                return None
            folders = found.folders
        return found.path if found else None


def _has_constructor_here(dotted: str) -> bool:
    """Returns whether this class of the standard library has a constructor."""
    module, _, name = dotted.rpartition(".")
    module = module or "builtins"
    cls = getattr(sys.modules.get(module), name, None) if module.partition(".")[0] in sys.stdlib_module_names else None
    if not isinstance(cls, type):
        return dotted == "typing.NamedTuple"
    return cls.__init__ is not object.__init__ or cls.__new__ is not object.__new__
