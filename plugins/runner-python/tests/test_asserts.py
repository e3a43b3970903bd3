"""Asserts are explained in pytest's words, and only when they fail."""

import ast
import re
import unittest

import support  # noqa: F401: finds the sources
from _phasegate_runner import asserts
from _phasegate_runner.syntax import all_nodes
from _pytest.assertion import rewrite

_FORMS = """
a == b
not a
-a == 1
f(a) == 3
f(f(a)) == 2
f(a, k=b) and g(b)
f(*[a]) == 8
f(**{"p": a}) == 8
f(n := 5) == n + 1
(n := f(a)) == 99
(m := a) and (m := 0)
a == 1 and (b == 3 or f(b) == 77)
0 < a < -1
(a + b) * 2 == 1
x.y.z == 4
lst[0] == 4
[1, 2] == [1, 3]
{"a": a} == {"a": b}
"abc" in "xyz"
a in [b]
x is None
isinstance(a, str)
all(v > a for v in [0, 1])
b - 2 if b else 0
GLOBAL == 8
self.__private == 1
a == b, "why"
a == b, f"why {a} {x.y}"
a == b, g(a)
a == b, [q for q in (a,)]
a == b, self.__private
""".strip().splitlines()
_FILE = """
def f(p, k=0): return p + k
def g(p): return p - 2
class X:
    __private = 2
    def __repr__(self): return "an X"
    def test(self):
        x, cell = X(), 5
        x.y = X()
        x.y.z = 3
        def inner():
            a, b, lst = 1, 2, [3]
            assert {form}
        inner()
GLOBAL = 7
"""


def message(rewritten, form):
    """Returns the message and the line of the failed assertion."""
    text = _FILE.format(form=form)
    tree = ast.parse(text, "a.py")
    rewritten(tree, text)
    module = {"__name__": "a"}
    exec(compile(tree, "a.py", "exec"), module)
    try:
        module["X"]().test()
    except AssertionError as e:
        trace = e.__traceback__
        while trace.tb_next:
            trace = trace.tb_next
        return re.sub("0x[0-9a-f]+", "0x", str(e)), trace.tb_lineno
    raise RuntimeError(f"{form} did not fail")


class Asserts(unittest.TestCase):
    def setUp(self):
        asserts.install()

    def test_explanations_are_those_of_pytest(self):
        for form in _FORMS:
            with self.subTest(form):
                plain = message(lambda tree, text: rewrite.rewrite_asserts(tree, text.encode(), "a.py"), form)
                made = message(lambda tree, text: asserts.rewrite_asserts(tree, text, "a.py", None), form)
                self.assertEqual(made, plain)

    def test_passing_asserts_make_no_explanation(self):
        text = "def test_a():\n    assert 1 + 1 == 2\n"
        tree = ast.parse(text)
        asserts.rewrite_asserts(tree, text, "a.py", None)
        self.assertNotIn("_call_reprcompare", ast.unparse(tree))
        self.assertIn("phasegate_explain", ast.unparse(tree))

    def test_an_assert_explains_each_of_its_failures(self):
        text = "def test_a(n):\n    assert n == 2\n"
        tree = ast.parse(text)
        asserts.rewrite_asserts(tree, text, "a.py", None)
        module = {}
        exec(compile(tree, "a.py", "exec"), module)
        for n in (3, 4):
            with self.assertRaisesRegex(AssertionError, f"assert {n} == 2"):
                module["test_a"](n)

    def test_names_around_a_class_are_not_shown(self):
        text = "def test_a(n):\n    class A:\n        assert n == 2\n"
        tree = ast.parse(text)
        asserts.rewrite_asserts(tree, text, "a.py", None)
        module = {}
        exec(compile(tree, "a.py", "exec"), module)
        with self.assertRaisesRegex(AssertionError, "^assert n == 2$"):
            module["test_a"](3)


class Nodes(unittest.TestCase):
    def test_all_nodes_are_those_of_ast_walk(self):
        for path in (ast.__file__, unittest.case.__file__):
            with open(path) as file:
                tree = ast.parse(file.read())
            wanted = [n for n in ast.walk(tree) if n._fields or n._attributes]
            self.assertEqual([n for n in all_nodes(tree) if n._fields or n._attributes], wanted)
