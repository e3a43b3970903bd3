"""Rewrites asserts as pytest does, but makes the code that explains a failure only when an assert fails.

That code is most of what pytest adds to a file, and few asserts fail. In the rewritten file, an assert evaluates its parts
once, in pytest's order and into pytest's variables, and raises AssertionError with the text of `explain`. That runs the code
that pytest would have added there, with the same variables. An assert whose explanation depends on its place in the file is
rewritten as a whole.
"""

import ast
import copy
import functools
import re
import sys

from _pytest.assertion import rewrite
from _pytest.assertion.rewrite import AssertionRewriter

from .syntax import all_nodes

# In a class, these names mean others.
_PRIVATE = re.compile(r"\b__\w*[^\W_]\w?\b")
_TEXT = "@explanation"
_PLACE = frozenset(ast.stmt._attributes)
_LOAD, _STORE = ast.Load(), ast.Store()

# The text, place and configuration of each rewritten file, by a number.
_files: list[tuple] = []


def install():
    # Rewritten files refer to this module as `@pytest_ar`.
    rewrite.phasegate_explain = explain


def rewrite_asserts(tree: ast.Module, text: str, origin: str, config):
    """Rewrites the asserts of a file in its tree. `text` is what the tree was parsed from."""
    _files.append((text, origin, config))
    _Rewriter(text, origin, config, len(_files) - 1).run(tree)


def explain(place: tuple[int, int, int]) -> str:
    """Returns pytest's explanation of the assert at this place (file, line, column), which has failed in the caller."""
    __tracebackhide__ = True
    frame = sys._getframe(1)
    names = dict(frame.f_locals)
    try:
        exec(_explaining_code(place), frame.f_globals, names)
    except NameError:
        # In the body of a class, names of the function around it are not among the local ones.
        return f"assert {ast.unparse(_failed_assert(place).test)}"
    return names[_TEXT]


@functools.cache
def _failed_assert(place):
    number, line, column = place
    return next(n for n in _asserts_of(number) if (n.lineno, n.col_offset) == (line, column))


@functools.cache
def _explaining_code(place):
    text, origin, config = _files[place[0]]
    # pytest changes the nodes that it gets.
    failed = copy.deepcopy(_failed_assert(place))
    rewriter = AssertionRewriter(origin, config, text.encode())
    rewriter.visit(failed)
    *statements, raised = rewriter.expl_stmts
    result = ast.Assign([ast.Name(_TEXT, ast.Store())], raised.exc.args[0])
    tree = ast.Module([*statements, ast.fix_missing_locations(ast.copy_location(result, failed))], [])
    return compile(tree, origin, "exec", dont_inherit=True)


@functools.cache
def _asserts_of(number):
    text, origin, _ = _files[number]
    return [n for n in all_nodes(ast.parse(text, origin)) if type(n) is ast.Assert]


def _node(kind, /, **fields):
    """Makes a node without the checks of its constructor, which take longer than all the rest."""
    node = kind.__new__(kind)
    vars(node).update(fields)
    return node


class _Rewriter(AssertionRewriter):
    """Leaves out all that only explains. Counts variables as pytest does, so that they get the same names."""

    def __init__(self, text, origin, config, number):
        super().__init__(origin, config, text.encode())
        self._number = number
        self._has_private_names = _PRIVATE.search(text) is not None
        self._explains = True
        self._nothing = ast.Constant(None, lineno=1, end_lineno=1, col_offset=0, end_col_offset=0)

    def visit_Assert(self, assert_):
        self._explains = self.enable_assertion_pass_hook or self._depends_on_place(assert_)
        statements = super().visit_Assert(assert_)
        if not self._explains:
            failing = next(s for s in statements if type(s) is ast.If and s.body is self.expl_stmts)
            failing.body = [self._raise_explained(assert_)]
        self._explains = True
        return statements

    def _depends_on_place(self, assert_) -> bool:
        # pytest warns of a tuple. A message may use names that nothing else in the function uses.
        if isinstance(assert_.test, ast.Tuple) or not isinstance(assert_.msg, ast.Constant | None):
            return True
        return self._has_private_names and any(
            isinstance(n, ast.Name) and _PRIVATE.fullmatch(n.id) for n in all_nodes(assert_)
        )

    def _raise_explained(self, assert_):
        place = {name: getattr(assert_, name) for name in ast.stmt._attributes}
        key = _node(ast.Constant, value=(self._number, assert_.lineno, assert_.col_offset), kind=None, **place)
        module = _node(ast.Name, id="@pytest_ar", ctx=_LOAD, **place)
        function = _node(ast.Attribute, value=module, attr="phasegate_explain", ctx=_LOAD, **place)
        text = _node(ast.Call, func=function, args=[key], keywords=[], **place)
        kind = _node(ast.Name, id="AssertionError", ctx=_LOAD, **place)
        error = _node(ast.Call, func=kind, args=[text], keywords=[], **place)
        return _node(ast.Raise, exc=error, cause=None, **place)

    def assign(self, expr):
        name = self.variable()
        place = {n: v for n, v in vars(expr).items() if n in _PLACE}
        target = _node(ast.Name, id=name, ctx=_STORE)
        self.statements.append(_node(ast.Assign, targets=[target], value=expr, type_comment=None))
        return _node(ast.Name, id=name, ctx=_LOAD, **place)

    def helper(self, name, *args):
        return super().helper(name, *args) if self._explains else self._nothing

    def explanation_param(self, expr):
        if self._explains:
            return super().explanation_param(expr)
        next(self.variable_counter)
        return ""

    def pop_format_context(self, expl_expr):
        if self._explains:
            return super().pop_format_context(expl_expr)
        self.stack.pop()
        if self.stack:
            self.explanation_specifiers = self.stack[-1]
        next(self.variable_counter)
        return self._nothing

    def visit_Name(self, name):
        return super().visit_Name(name) if self._explains else (name, self.explanation_param(name))

    def visit_NamedExpr(self, name):
        return super().visit_NamedExpr(name) if self._explains else (name, self.explanation_param(name))
