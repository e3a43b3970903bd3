"""Facts about the suite's files that reading them gives: which code belongs to which test, and which names judge.

Pure functions over syntax trees and code objects. Nothing here runs supplied code.
"""

import ast
import builtins
import types
import unittest
from dataclasses import dataclass, field

from .syntax import all_nodes

# `id` raises an audit event, which takes longer than the rest of a look-up.
identity = object.__hash__
FRAMEWORKS = ("pytest", "unittest")
# Tests may replace these for a time.
REPLACEABLE_BUILTINS = frozenset({"open", "print", "input", "__import__"})

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
# Nodes that may bind names.
_BINDING = frozenset(
    (*_FUNCTIONS, *_IMPORTS, ast.Name, ast.ClassDef, ast.arg, ast.Global, ast.Nonlocal, ast.ExceptHandler)
    + (ast.MatchAs, ast.MatchStar, ast.MatchMapping)
)
_SCOPES = (*_FUNCTIONS, ast.ClassDef, ast.Lambda)
_TRANSPARENT = {"staticmethod", "classmethod", "unittest.expectedFailure", "expectedFailure"}
# pytest imports these for rewritten assertions.
_REWRITTEN = {"@py_builtins": "builtins", "@pytest_ar": "_pytest.assertion.rewrite"}
_STEERING = ("pytest_runtest_setup", "pytest_runtest_protocol", "pytest_runtest_call")
_CASES = ("TestCase", "IsolatedAsyncioTestCase")
_FRAMEWORK_BASES = {"object", *_CASES, *(f"unittest.{name}" for name in _CASES)}


@dataclass(frozen=True)
class Definition:
    """A test that is defined once, at a fixed place. `plain`: no decorator and no later binding can wrap it."""

    qualname: str
    line: int
    plain: bool


@dataclass
class FileFacts:
    definitions: dict[str, Definition] = field(default_factory=dict)
    # The place of a call (line, end line, column, end column), and the judge that it calls: `module.name` or `self.name`.
    judges: dict[tuple, str] = field(default_factory=dict)
    # Global names that must be absent, because the file means the builtin.
    builtins: tuple[str, ...] = ()
    # Global names and the part of a framework that they are bound to: `pytest` or `pytest.raises`.
    imports: dict[str, str] = field(default_factory=lambda: dict(_REWRITTEN))
    # Names that the module binds once, at its top level, so that they keep their values.
    fixed: tuple[str, ...] = ()
    # Whether the file has hooks that may skip or replace a test.
    steers: bool = False
    # Classes (by qualified name) with a base that is not known to be the suite's or a framework's.
    open_classes: set[str] = field(default_factory=set)
    # Names that are imported from elsewhere; "*" for all names of a module.
    imported: set[str] = field(default_factory=set)


def facts_of(tree: ast.Module) -> FileFacts:
    facts = FileFacts()
    nodes = all_nodes(tree)
    names = [n for n in nodes if type(n) is ast.Name]
    functions = [n for n in nodes if type(n) in _FUNCTIONS]
    bound = _bound_names(nodes)
    _add_definitions(facts, tree.body, "", bound, plain=True)
    _add_classes(facts, tree, {n.name for n in nodes if type(n) is ast.ClassDef})
    # pytest keeps the tests that it has collected, so they may be replaced.
    tests = {d.qualname for d in facts.definitions.values()}
    top = [name for node in tree.body for name in _names_bound_by(node) if name not in tests]
    facts.fixed = tuple(n for n in dict.fromkeys(top) if bound.get(n) == 1)
    facts.steers = any(n.name.startswith(_STEERING) for n in functions)
    used = {"AssertionError", *(n.id for n in names)}
    meant = (n for n in used if n not in bound and n not in REPLACEABLE_BUILTINS)
    facts.builtins = tuple(sorted(n for n in meant if callable(getattr(builtins, n, None))))
    for node in nodes:
        if type(node) in _IMPORTS:
            _add_import(facts, node, bound)
    for node in nodes:
        if type(node) is ast.Call:
            judge = _judge_of(node.func, facts)
            if judge:
                facts.judges[(node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)] = judge
    return facts


def codes_in(code: types.CodeType):
    """Yields this code object and all that are nested in it."""
    waiting = [code]
    while waiting:
        each = waiting.pop()
        yield each
        waiting += [c for c in each.co_consts if type(c) is types.CodeType]


def _bound_names(nodes) -> dict[str, int]:
    """Returns how often each name is bound anywhere in the file."""
    found: dict[str, int] = {}
    for node in nodes:
        if type(node) not in _BINDING:
            continue
        names = []
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names = [node.id]
        elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            names = [node.name]
        elif isinstance(node, ast.arg):
            names = [node.arg]
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [a.asname or a.name.partition(".")[0] for a in node.names]
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            names = node.names
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
            names = [node.name] if node.name else []
        elif isinstance(node, ast.MatchMapping):
            names = [node.rest] if node.rest else []
        for name in names:
            found[name] = found.get(name, 0) + 1
    return found


def _add_definitions(facts, body, prefix, bound, plain):
    scope: dict[str, int] = {}
    for node in body:
        for name in _names_bound_by(node):
            scope[name] = scope.get(name, 0) + 1
    for node in body:
        if isinstance(node, _FUNCTIONS) and node.name.startswith("test"):
            line = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            alone = scope[node.name] == 1 and all(_is_transparent(d) for d in node.decorator_list)
            facts.definitions[prefix + node.name] = Definition(prefix + node.name, line, plain and alone)
        elif isinstance(node, ast.ClassDef):
            whole = scope[node.name] == 1 and not node.decorator_list and not node.keywords
            _add_definitions(facts, node.body, f"{prefix}{node.name}.", bound, plain and whole)


def _names_bound_by(node):
    """Yields the names that a statement binds in its own scope."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, (*_FUNCTIONS, ast.ClassDef)):
            yield each.name
        elif isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load):
            yield each.id
        elif isinstance(each, (ast.Import, ast.ImportFrom)):
            yield from (a.asname or a.name.partition(".")[0] for a in each.names)
        if not isinstance(each, _SCOPES):
            waiting += ast.iter_child_nodes(each)


def _is_transparent(decorator) -> bool:
    """Returns whether the decorator returns the function that it was given."""
    dotted = _dotted(decorator.func if isinstance(decorator, ast.Call) else decorator) or ""
    return dotted in _TRANSPARENT or dotted.startswith(("pytest.mark.", "mark."))


def _add_classes(facts, tree, local):

    def visit(node, prefix):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef):
                names = [_dotted(b.value if isinstance(b, ast.Subscript) else b) for b in child.bases]
                if any(n is None or (n not in local and n not in _FRAMEWORK_BASES) for n in names):
                    facts.open_classes.add(prefix + child.name)
                elif any(n in facts.open_classes for n in names):
                    facts.open_classes.add(prefix + child.name)
                visit(child, f"{prefix}{child.name}.")
            elif not isinstance(child, _SCOPES):
                visit(child, prefix)

    visit(tree, "")


def _add_import(facts, node, bound):
    for a in node.names:
        name = a.asname or a.name.partition(".")[0]
        facts.imported.add(a.name if a.name == "*" else name)
        if isinstance(node, ast.Import):
            target = a.name if a.asname else name
        else:
            target = f"{node.module}.{a.name}" if node.level == 0 and node.module else ""
        if target.partition(".")[0] in FRAMEWORKS and bound.get(name) == 1:
            facts.imports[name] = target


def _judge_of(function, facts) -> str | None:
    if isinstance(function, ast.Name):
        if function.id in facts.builtins:
            return f"builtins.{function.id}"
        return facts.imports.get(function.id)
    if not isinstance(function, ast.Attribute):
        return None
    dotted = _dotted(function)
    if dotted is None:
        return None
    first, _, rest = dotted.partition(".")
    if first in ("self", "cls") and rest in vars(unittest.TestCase) and not rest.startswith("_"):
        return f"self.{rest}"
    if first in facts.imports:
        return f"{facts.imports[first]}.{rest}"
    return None


def _dotted(node) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value)
        return f"{inner}.{node.attr}" if inner else None
    return None
