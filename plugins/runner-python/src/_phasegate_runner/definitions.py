"""Reads definitions from syntax trees: names that statements bind, imports, decorators, bases."""

import ast

from .syntax import all_nodes

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_FIXTURES = ("fixture", "yield_fixture", "property", "cached_property")


def last_of_each(body):
    """Returns the statements without definitions that a later statement replaces or deletes."""
    last = {name: i for i, node in enumerate(body) for name in _bound_names(node)}
    return [n for i, n in enumerate(body) if name_of(n) is None or last[name_of(n)] == i]


def name_of(node) -> str | None:
    """Returns the name of a function, a class or a plain assignment."""
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return node.name
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return None


def _bound_names(node) -> list[str]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [a.asname or a.name.partition(".")[0] for a in node.names]
    if isinstance(node, (ast.Assign, ast.Delete, ast.AnnAssign)):
        targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
        return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)]
    name = name_of(node)
    return [name] if name else []


def imported_names(tree) -> dict[str, str]:
    """Returns what each imported name stands for: `module` or `module.name`."""
    found = {}
    for node in all_nodes(tree):
        kind = type(node)
        if kind is ast.Import:
            for a in node.names:
                found[a.asname or a.name.partition(".")[0]] = a.name if a.asname else a.name.partition(".")[0]
        elif kind is ast.ImportFrom:
            module = "." * node.level + (node.module or "")
            for a in node.names:
                found[a.asname or a.name] = f"{module}{'' if module.endswith('.') else '.'}{a.name}"
    return found


def names_marked_untested(tree) -> set[str]:
    """Returns the names for which the module sets `NAME.__test__ = False`."""
    marked = set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is False:
            for t in node.targets:
                if isinstance(t, ast.Attribute) and t.attr == "__test__" and isinstance(t.value, ast.Name):
                    marked.add(t.value.id)
    return marked


def decorators_of(node) -> list[str]:
    """Returns the dotted names of the decorators, without what they are called with."""
    return [dotted_name(d.func if isinstance(d, ast.Call) else d) or "" for d in node.decorator_list]


def is_fixture(node, imported: dict[str, str]) -> bool:
    return any(imported.get(d, d).rpartition(".")[2] in _FIXTURES for d in decorators_of(node))


def has_constructor(cls: ast.ClassDef) -> bool:
    """Returns whether the class visibly has a constructor of its own."""
    if any(isinstance(n, FUNCTIONS) and n.name in ("__init__", "__new__") for n in cls.body):
        return True
    return any(decorator.endswith("dataclass") for decorator in decorators_of(cls))


def assigned_constant(cls: ast.ClassDef, name: str):
    """Returns the constant that the body of the class assigns to this name; None if there is none."""
    for node in cls.body:
        if name_of(node) == name and isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            return node.value.value
    return None


def dotted_name(node) -> str | None:
    """Returns `a.b.c` of an expression that is a name or an attribute of names."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted_name(node.value)
        return f"{inner}.{node.attr}" if inner else None
    return None
