"""Finds imports of the supplied files that cannot resolve. Parses only: executes no supplied code.

An import guarded by `except ImportError` (or wider) or by `if TYPE_CHECKING` may fail. Names that parsing cannot decide
(a module `__getattr__`, names created at run time) count as present.
"""

import ast
import importlib
import importlib.util
import posixpath
import sys

from .sources import CODE_ROOTS, CORE, Sources, is_suite_file, join
from .syntax import BuildError, parse

EXTRA = {"pytest", "_pytest", "pluggy", "iniconfig", "packaging"}

_IMPORT_ERROR_NAMES = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}


class Names:
    """The names a supplied module binds at its top level; `open_ended` if parsing cannot decide."""

    def __init__(self):
        self.bound: set[str] = set()
        self.open_ended = False


class ImportCheck:
    def __init__(self, sources: Sources):
        self.sources = sources
        self.trees: dict[str, ast.Module] = {}
        self.errors: list[str] = []
        for path, content in sorted(sources.python_files().items()):
            try:
                self.trees[path] = parse(path, content)
            except BuildError as e:
                self.errors.append(str(e))
        self._names: dict[str, Names] = {}

    def run(self) -> list[str]:
        self._check_core_names()
        for path, tree in self.trees.items():
            # A packaging script is never imported, and its tools are not installed.
            if path != "setup.py":
                _Walker(self, path).visit(tree)
        return self.errors

    def _check_core_names(self):
        for path in self.trees:
            folder, name = posixpath.split(path)
            top = name.removesuffix(".py")
            if name == "__init__.py" and posixpath.dirname(folder) in CODE_ROOTS:
                folder, top = posixpath.split(folder)
            if folder in CODE_ROOTS and top in CORE:
                self.errors.append(
                    f"{path}:1: the module name `{top}` belongs to Python's own machinery; rename the file"
                )

    def roots(self, path: str) -> list[str]:
        return self.sources.roots_for(path) if is_suite_file(path) or path in self.sources.tests else []

    def package_of(self, path: str) -> list[str] | None:
        """Returns the package folders of this file, outermost first; None if it is in no package."""
        base = self.sources.base_folder(path) if is_suite_file(path) else self.sources.code_root(path)
        folder = posixpath.dirname(path)
        if folder == base:
            return None
        inner = folder[len(base) + 1 :] if base else folder
        chain = []
        for part in inner.split("/"):
            base = join(base, part)
            chain.append(base)
        return chain

    def error_of_module(self, path: str, name: str) -> str | None:
        """Returns why `import name` fails in this file, or None."""
        parts = name.split(".")
        found = self.sources.look_up(parts[0], self.roots(path))
        if found is None:
            return None if available(name) else f"no module named `{name}`{_hint(parts[0])}"
        for i, part in enumerate(parts[1:], 2):
            found = self._inner(found, part)
            if found is None:
                return f"no module named `{'.'.join(parts[:i])}`"
        return None

    def error_of_name(self, path: str, module: str, name: str) -> str | None:
        """Returns why `from module import name` fails although the module exists, or None."""
        parts = module.split(".")
        found = self.sources.look_up(parts[0], self.roots(path))
        if found is None:
            holder = sys.modules.get(module) or importlib.import_module(module)
            if name == "*" or hasattr(holder, name) or available(f"{module}.{name}"):
                return None
            return f"cannot import name `{name}` from `{module}`"
        for part in parts[1:]:
            found = self._inner(found, part)
        return self._fault_in(found, module, name)

    def error_of_relative(self, path: str, node: ast.ImportFrom) -> str | None:
        chain = self.package_of(path)
        if chain is None:
            return "relative import in a file that is in no package"
        if node.level > len(chain):
            return "relative import beyond the top-level package"
        folder = chain[-node.level]
        found = self.sources.look_in(posixpath.dirname(folder), posixpath.basename(folder))
        shown = "." * node.level
        for part in (node.module or "").split("."):
            if part:
                shown += part if shown.endswith(".") else f".{part}"
                found = self._inner(found, part)
                if found is None:
                    return f"no module named `{shown}`"
        faults = (self._fault_in(found, shown, a.name) for a in node.names)
        return next((f for f in faults if f), None)

    def _inner(self, found, part):
        inner = (self.sources.look_in(f, part) for f in found.folders)
        return next((i for i in inner if i), None)

    def _fault_in(self, found, module, name) -> str | None:
        if name == "*" or found is None or self._inner(found, name):
            return None
        if found.path is None:
            return f"no module named `{module}.{name}`"
        names = self.names(found.path)
        if names is None or names.open_ended or name in names.bound:
            return None
        return f"cannot import name `{name}` from `{module}` ({found.path})"

    def names(self, path: str) -> Names | None:
        if path not in self.trees:
            return None
        if path not in self._names:
            self._names[path] = names = Names()
            names.bound |= {
                "__name__",
                "__file__",
                "__doc__",
                "__package__",
                "__spec__",
                "__path__",
                "__dict__",
                "__loader__",
            }
            _Binder(self, path, names).visit(self.trees[path])
        return self._names[path]


def available(name: str) -> bool:
    """Returns whether this module of the standard library or of pytest can be imported here."""
    top = name.partition(".")[0]
    if top not in sys.stdlib_module_names and top not in EXTRA:
        return False
    if name in sys.modules:
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _hint(top: str) -> str:
    if top in sys.stdlib_module_names:
        return ": this part of the standard library is not in the sandbox"
    return ": only the standard library, pytest and the supplied files are here"


class _Walker(ast.NodeVisitor):
    def __init__(self, check: ImportCheck, path: str):
        self.check, self.path = check, path

    def visit_FunctionDef(self, node):
        # A test may import a file that it has just written; if the import fails, that test fails with the error.
        if not is_suite_file(self.path):
            self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Import(self, node):
        for alias in node.names:
            self._add_error(node, self.check.error_of_module(self.path, alias.name))

    def visit_ImportFrom(self, node):
        if node.level:
            self._add_error(node, self.check.error_of_relative(self.path, node))
            return
        fault = self.check.error_of_module(self.path, node.module)
        if fault:
            self._add_error(node, fault)
            return
        for alias in node.names:
            self._add_error(node, self.check.error_of_name(self.path, node.module, alias.name))

    def visit_Try(self, node):
        if not any(_catches_import_error(h) for h in node.handlers):
            self.generic_visit(node)
            return
        # Handlers run only if the import fails.
        body_fails = self._fails(node.body)
        for part in (*(node.handlers if body_fails else node.orelse), *node.finalbody):
            self.visit(part)

    visit_TryStar = visit_Try

    def visit_With(self, node):
        # `with suppress(ImportError)` and `with pytest.raises(ImportError)` also guard imports.
        guards = {n.id for item in node.items for n in ast.walk(item.context_expr) if isinstance(n, ast.Name)}
        if not guards & _IMPORT_ERROR_NAMES:
            self.generic_visit(node)

    def visit_If(self, node):
        names = {getattr(n, "id", getattr(n, "attr", "")) for n in ast.walk(node.test)}
        # The branch depends on the interpreter or the platform, which parsing does not know.
        if not names & {"version_info", "platform"}:
            for part in node.orelse if "TYPE_CHECKING" in names else (*node.body, *node.orelse):
                self.visit(part)

    def _fails(self, body) -> bool:
        before = len(self.check.errors)
        for part in body:
            self.visit(part)
        fails = len(self.check.errors) > before
        del self.check.errors[before:]
        return fails

    def _add_error(self, node, fault):
        if fault:
            self.check.errors.append(f"{self.path}:{node.lineno}: {fault}")


def _catches_import_error(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(getattr(k, "id", getattr(k, "attr", "")) in _IMPORT_ERROR_NAMES for k in kinds)


class _Binder(ast.NodeVisitor):
    """Gathers names bound at a module's top level, in any branch."""

    def __init__(self, check: ImportCheck, path: str, names: Names):
        self.check, self.path, self.names = check, path, names

    def visit_FunctionDef(self, node):
        self.names.bound.add(node.name)
        if node.name == "__getattr__":
            self.names.open_ended = True
        for inner in ast.walk(node):
            if isinstance(inner, ast.Global):
                self.names.bound.update(inner.names)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node):
        self.names.bound.add(node.name)

    def visit_Lambda(self, node):
        pass

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Store):
            self.names.bound.add(node.id)
        elif node.id in ("globals", "vars", "locals", "exec"):
            self.names.open_ended = True

    def visit_Attribute(self, node):
        if node.attr == "modules":
            self.names.open_ended = True
        self.generic_visit(node)

    def visit_Import(self, node):
        self.names.bound.update(a.asname or a.name.partition(".")[0] for a in node.names)

    def visit_ImportFrom(self, node):
        if any(a.name == "*" for a in node.names):
            self.names.open_ended = True
        self.names.bound.update(a.asname or a.name for a in node.names)
        if node.level == 1 and node.module and posixpath.basename(self.path) == "__init__.py":
            # `from .inner import x` also binds `inner` on the package.
            self.names.bound.add(node.module.partition(".")[0])

    def visit_MatchAs(self, node):
        if node.name:
            self.names.bound.add(node.name)
        self.generic_visit(node)
