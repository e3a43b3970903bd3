"""Notices when a local name of the suite's code is changed from outside, through its frame.

A frame is watched from the moment when other code obtained it. From then on, what changes while a line runs must be a
name that this line binds. Names that nested functions share are not watched.
"""

import ast

from .ledger import identity

_OPTIMIZED = 1
_INNER = (ast.stmt, ast.ExceptHandler, ast.match_case)


def names_bound_at(tree: ast.Module) -> tuple[dict[int, set[str]], set[str]]:
    """Returns the names that each line may bind, and those that may change at any line."""
    lines: dict[int, set[str]] = {}
    always: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            always.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            always.add(node.rest)
        elif isinstance(node, ast.stmt):
            body = getattr(node, "body", None) or getattr(node, "cases", None)
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
            last = node.end_lineno if body is None else max(node.lineno, _first_line(body[0]) - 1)
            names = set(_names_bound_by(node))
            for line in range(first, last + 1) if names else ():
                lines.setdefault(line, set()).update(names)
    return lines, always


def _first_line(node) -> int:
    return node.pattern.lineno if isinstance(node, ast.match_case) else node.lineno


def _names_bound_by(statement):
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        yield from (a.asname or a.name.partition(".")[0] for a in statement.names)
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id
        waiting += [c for c in ast.iter_child_nodes(node) if not isinstance(c, _INNER)]


class Watch:
    """The frames that are watched. Only the witness refers to the only instance."""

    def __init__(self, bound_at, fault):
        self._bound_at, self._fault, self._id = bound_at, fault, identity
        self._frames: dict[int, list] = {}

    def add(self, frame, code, path) -> bool:
        """Returns whether this frame was not watched before."""
        if self._id(frame) in self._frames or not code.co_flags & _OPTIMIZED:
            return False
        self._frames[self._id(frame)] = [path, frame.f_lineno, _values(frame, code)]
        return True

    def forget(self, frame):
        self._frames.pop(self._id(frame), None)

    def clear(self):
        self._frames.clear()

    def check(self, frame, code, line):
        """Compares with what was there when the line before began."""
        state = self._frames.get(self._id(frame))
        if state is None:
            return
        path, before, known = state
        now = _values(frame, code)
        if now != known:
            lines, always = self._bound_at(path)
            for name in now.keys() | known.keys():
                if now.get(name) != known.get(name) and name not in lines.get(before, ()) and name not in always:
                    self._fault(f"`{name}` in `{code.co_name}` was changed from outside")
        state[1:] = [line, now]


def _values(frame, code, identity=identity) -> dict[str, int]:
    """Returns the identity of each local value. pytest's own names begin with `@`."""
    shared = code.co_cellvars + code.co_freevars
    return {n: identity(v) for n, v in frame.f_locals.items() if n[:1] != "@" and n not in shared}
