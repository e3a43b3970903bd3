"""Changes one test so that it must fail. The host runs the changed file and expects that failure.

Code under test shares its interpreter with pytest. Code that makes a failing test pass, in whatever way, also makes the
changed test pass, and cannot tell the changed file from another. Parses only: executes nothing.

A test is changed in the first of these ways that its body permits, so that it fails whenever its body is reached:
1. a literal that an assertion compares with is replaced by another value;
2. an assertion gets a second condition that is false;
3. an assertion that fails is added at the end.

The other tests are left out, unless something in the file names them, so that a probe takes as long as one test.
"""

import ast
import random
from dataclasses import dataclass

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_EQUALITIES = {"assertEqual", "assertEquals"}
# With other decorators, a test that fails may count as passed.
_HARMLESS = {"pytest.mark", "mark", "patch", "mock.patch", "unittest.mock.patch"}


@dataclass
class Probe:
    test: str
    """The name of the changed test, without parameters."""
    content: str
    """The changed test file."""


@dataclass
class _Test:
    name: str  # `test_a` or `TestA::test_a`
    node: ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class _Edit:
    start: int
    end: int
    text: str


def make(path: str, source: str, passed: list[str], seed: int) -> Probe | None:
    """Returns a changed version of this file, chosen by `seed`; None if no passed test can be changed with certainty."""
    try:
        tree = ast.parse(source, path)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    wanted = {name.partition("::")[2].partition("[")[0] for name in passed if name.startswith(f"{path}::")}
    candidates = [test for test in _tests(tree) if test.name in wanted and _fails_if_changed(test.node)]
    if not candidates:
        return None
    chance = random.Random(seed)
    test = chance.choice(candidates)
    text = _Text(source)
    edits = [_change(text, test.node, chance)]
    edits += [_Edit(*text.lines_of(node), "") for node in _others(tree, test)]
    return Probe(f"{path}::{test.name}", text.edited(edits))


class _Text:
    """A source with the positions of `ast`: lines from 1, columns in UTF-8 bytes."""

    def __init__(self, source: str):
        # Python also ends lines at a lone carriage return.
        self.data = source.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "surrogatepass")
        self.starts = [0]
        for line in self.data.split(b"\n"):
            self.starts.append(self.starts[-1] + len(line) + 1)

    def start(self, node) -> int:
        return self.starts[node.lineno - 1] + node.col_offset

    def end(self, node) -> int:
        return self.starts[node.end_lineno - 1] + node.end_col_offset

    def lines_of(self, node) -> tuple[int, int]:
        first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
        return self.starts[first - 1], min(self.starts[node.end_lineno], len(self.data))

    def slice(self, start: int, end: int) -> str:
        return self.data[start:end].decode("utf-8", "surrogatepass")

    def edited(self, edits: list[_Edit]) -> str:
        data = self.data
        for edit in sorted(edits, key=lambda e: e.start, reverse=True):
            data = data[: edit.start] + edit.text.encode("utf-8", "surrogatepass") + data[edit.end :]
        return data.decode("utf-8", "surrogatepass")


def _tests(tree: ast.Module) -> list[_Test]:
    """Returns the test functions and methods that the file itself defines; the last one of each name."""
    found = {}
    for node in tree.body:
        if isinstance(node, _FUNCTIONS) and node.name.startswith("test"):
            found[node.name] = _Test(node.name, node)
        elif isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, _FUNCTIONS) and inner.name.startswith("test") and inner.args.args:
                    name = f"{node.name}::{inner.name}"
                    found[name] = _Test(name, inner)
    return list(found.values())


def _fails_if_changed(node) -> bool:
    """Returns whether the function runs to the end of its body wherever it passes, and fails if the end raises."""
    decorators = (_dotted_name(d) for d in node.decorator_list)
    if not all(d in _HARMLESS or d.rpartition(".")[0] in _HARMLESS for d in decorators):
        return False
    inner = [n for statement in node.body for n in _own_nodes(statement)]
    return not any(isinstance(n, (ast.Return, ast.Yield, ast.YieldFrom)) for n in inner)


def _own_nodes(node):
    """Yields the nodes of a statement without those of functions and classes that it defines."""
    yield node
    if not isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Lambda)):
        for child in ast.iter_child_nodes(node):
            yield from _own_nodes(child)


def _change(text: _Text, node, chance) -> _Edit:
    literals = [edit for s in node.body for edit in _literal_edits(text, s, chance)]
    if literals:
        return chance.choice(literals)
    one, other = (f"'{chance.getrandbits(64):x}'" for _ in range(2))
    asserts = [s for s in node.body if isinstance(s, ast.Assert)]
    if asserts:
        tested = chance.choice(asserts).test
        start, end = text.start(tested), text.end(tested)
        return _Edit(start, end, f"({text.slice(start, end)}) and {one} == {other}")
    last = node.body[-1]
    simple = not hasattr(last, "body") and not isinstance(last, ast.Match)
    if simple or last.lineno == node.lineno:
        return _Edit(text.end(last), text.end(last), f"; assert {one} == {other}")
    margin = text.slice(text.starts[node.body[0].lineno - 1], text.start(node.body[0]))
    return _Edit(text.end(last), text.end(last), f"\n{margin}assert {one} == {other}")


def _literal_edits(text: _Text, statement, chance):
    """Yields edits of the literals that an assertion compares a computed value with."""
    if isinstance(statement, ast.Assert) and isinstance(statement.test, ast.Compare):
        compared = statement.test
        sides = [compared.left, *compared.comparators]
        if len(sides) != 2 or not isinstance(compared.ops[0], ast.Eq):
            return
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        called = statement.value.func
        if not isinstance(called, ast.Attribute) or called.attr not in _EQUALITIES or len(statement.value.args) < 2:
            return
        sides = statement.value.args[:2]
    else:
        return
    changed = [_other_literal(side, chance) for side in sides]
    if (changed[0] is None) == (changed[1] is None):
        return
    side, value = (sides[0], changed[0]) if changed[0] is not None else (sides[1], changed[1])
    yield _Edit(text.start(side), text.end(side), value)


def _other_literal(node, chance) -> str | None:
    if not isinstance(node, ast.Constant) or isinstance(node.value, bool):
        return None
    if isinstance(node.value, int):
        return str(node.value + chance.randrange(1_000, 1_000_000))
    if isinstance(node.value, float):
        return repr(chance.uniform(1e6, 1e9))
    if isinstance(node.value, (str, bytes)):
        end = f"{chance.getrandbits(64):x}"
        return repr(node.value + (end if isinstance(node.value, str) else end.encode()))
    return None


def _others(tree: ast.Module, test: _Test):
    """Returns the functions and classes of other tests that nothing in the file names."""
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    used |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    used |= {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    own = test.name.partition("::")[0]
    others = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == own:
            others += [n for n in node.body if n is not test.node and _is_other(n, used)]
        elif node is not test.node and _is_other(node, used):
            others.append(node)
    # Two definitions in one line cannot be cut apart.
    return [n for n in others if not any(_share_a_line(n, o) for o in [*others, test.node] if o is not n)]


def _is_other(node, used) -> bool:
    if isinstance(node, _FUNCTIONS):
        return node.name.startswith("test") and node.name not in used
    if not isinstance(node, ast.ClassDef) or node.name in used:
        return False
    return node.name.startswith("Test") or any(_dotted_name(base).endswith("TestCase") for base in node.bases)


def _share_a_line(one, other) -> bool:
    return one.lineno <= other.end_lineno and other.lineno <= one.end_lineno


def _dotted_name(node) -> str:
    if isinstance(node, ast.Call):
        return _dotted_name(node.func)
    if isinstance(node, ast.Attribute):
        return f"{_dotted_name(node.value)}.{node.attr}"
    return getattr(node, "id", "")
