"""Finds the names of the tests in a file, as pytest would, by parsing alone.

Lists only certain tests. A test defined under a condition or created at run time appears in the run, not here. A class
that pytest leaves out because of a constructor in the code under test is listed: its tests must not vanish.
"""

import ast

from .trees import Trees

_UNITTEST = {"unittest.TestCase", "unittest.IsolatedAsyncioTestCase", "unittest.case.TestCase"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def collect(trees: Trees) -> list[str]:
    """Returns the full names of all tests in the suite's test files, sorted by path; for a file without any, its path."""
    settings = trees.sources.settings
    found = []
    for path in sorted(trees.sources.tests):
        if settings.is_test_file(path) and trees.get(path) is not None:
            found += tests_in_file(trees, path) or ([path] if settings.must_have_tests(path) else [])
    return found


def tests_in_file(trees: Trees, path: str) -> list[str]:
    """Returns the names `path::class::test` of one file, each once, in the order of definition."""
    if trees.get(path) is None or trees.sources.is_code(path):
        return []
    return list(dict.fromkeys(f"{path}::{name}" for name in _Module(trees, path).tests()))


class _Module:
    def __init__(self, trees: Trees, path: str):
        self.trees, self.path, self.settings = trees, path, trees.sources.settings
        self.tree = trees.get(path)
        self.body = _last_of_each(self.tree.body)
        self.aliases = _aliases(self.tree)
        self.untested = _names_marked_untested(self.tree)

    def tests(self):
        for node in self.body:
            if isinstance(node, _FUNCTIONS):
                is_test = self.settings.is_test_function(node.name) and node.name not in self.untested
                if is_test and not _is_fixture(node):
                    yield node.name
            elif isinstance(node, ast.ClassDef) and node.name not in self.untested:
                yield from self.tests_of_class(node, node.name)

    def tests_of_class(self, node: ast.ClassDef, prefix: str):
        line = self.ancestry(node, set())
        unit = any(base in _UNITTEST for _, base in line if isinstance(base, str))
        classes = [(module, c) for module, c in line if isinstance(c, ast.ClassDef)]
        if not unit and not self.settings.is_test_class(node.name):
            return
        if next((v for v in (_assigned_constant(c, "__test__") for _, c in classes) if v is not None), True) is False:
            return
        if not unit and not _is_collectable([c for module, c in classes if not self.trees.sources.is_code(module.path)]):
            return
        members = {}
        for _, cls in reversed(classes):
            for member in _last_of_each(cls.body):
                name = _name_of(member)
                if name:
                    members.pop(name, None)
                    members[name] = member
        for name, member in members.items():
            is_test = name.startswith("test") if unit else self.settings.is_test_function(name)
            if isinstance(member, _FUNCTIONS) and is_test and not _is_fixture(member):
                yield f"{prefix}::{name}"
            elif isinstance(member, ast.ClassDef) and not unit:
                yield from self.tests_of_class(member, f"{prefix}::{name}")

    def ancestry(self, node: ast.ClassDef, seen: set):
        """Returns the class and its bases, nearest first; bases outside the supplied files as dotted names."""
        line = [(self, node)]
        for base in node.bases:
            dotted = _dotted_name(base.value if isinstance(base, ast.Subscript) else base)
            if dotted and (self.path, dotted) not in seen:
                line += self.base(dotted, seen | {(self.path, dotted)})
        return line

    def base(self, dotted: str, seen: set):
        local = next((n for n in self.body if isinstance(n, ast.ClassDef) and n.name == dotted), None)
        if local is not None:
            return self.ancestry(local, seen)
        head, _, rest = dotted.partition(".")
        target = self.aliases.get(head, head)
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


def _last_of_each(body):
    """Returns the statements without definitions that a later one of the same name replaces."""
    last = {}
    for i, node in enumerate(body):
        name = _name_of(node)
        if name:
            last[name] = i
    return [n for i, n in enumerate(body) if _name_of(n) is None or last[_name_of(n)] == i]


def _name_of(node) -> str | None:
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return node.name
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return None


def _aliases(tree) -> dict[str, str]:
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for a in node.names:
                found[a.asname or a.name.partition(".")[0]] = a.name if a.asname else a.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for a in node.names:
                found[a.asname or a.name] = f"{module}{'' if module.endswith('.') else '.'}{a.name}"
    return found


def _names_marked_untested(tree) -> set[str]:
    """Returns the names for which the module sets `NAME.__test__ = False`."""
    marked = set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is False:
            for t in node.targets:
                if isinstance(t, ast.Attribute) and t.attr == "__test__" and isinstance(t.value, ast.Name):
                    marked.add(t.value.id)
    return marked


def _is_fixture(node) -> bool:
    for d in node.decorator_list:
        dotted = _dotted_name(d.func if isinstance(d, ast.Call) else d) or ""
        if dotted.rpartition(".")[2] in ("fixture", "yield_fixture", "property", "cached_property"):
            return True
    return False


def _is_collectable(classes) -> bool:
    """Returns whether pytest collects the class: it ignores classes with their own constructor."""
    for cls in classes:
        if any(isinstance(n, _FUNCTIONS) and n.name in ("__init__", "__new__") for n in cls.body):
            return False
        decorators = [_dotted_name(d.func if isinstance(d, ast.Call) else d) or "" for d in cls.decorator_list]
        if any(decorator.endswith("dataclass") for decorator in decorators):
            return False
        bases = [(_dotted_name(base) or "").rpartition(".")[2] for base in cls.bases]
        if any(base in ("Enum", "IntEnum", "NamedTuple", "Exception") for base in bases):
            return False
    return True


def _assigned_constant(cls: ast.ClassDef, name: str):
    for node in cls.body:
        if _name_of(node) == name and isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            return node.value.value
    return None


def _dotted_name(node) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = _dotted_name(node.value)
        return f"{inner}.{node.attr}" if inner else None
    return None
