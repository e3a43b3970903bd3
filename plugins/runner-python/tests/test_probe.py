"""Changed versions of a test file, each of which must fail natively."""

import unittest

from support import run

from _phasegate_runner import probe

SUITE = """
import unittest
import pytest
from unittest.mock import patch
from app import add, names

LIMIT = 3

def test_literal(): assert add(1, 2) == 3
def test_text():
    assert names()[0] == "ä"  # a comment
def test_float(): assert add(0.5, 1) == 1.5
def test_condition():
    both = add(1, 1), add(2, 2)
    assert both[0] < both[1], "no order"
@pytest.mark.parametrize("n", [1, 2])
def test_many(n):
    for i in range(n):
        assert add(i, 0) == i
def test_raises():
\twith pytest.raises(TypeError):
\t\tadd(1)
@patch("app.names", lambda: [])
def test_patched(): names(); print(LIMIT)
async def test_async(): add(1, 1)
class TestOne:
    def test_method(self): assert add(2, 2) == 4
    def test_other(self):
        def inner():
            return 1
        assert inner()
class Case(unittest.TestCase):
    def test_equal(self):
        self.assertEqual(3, add(1, 2))
    def test_true(self):
        with self.subTest(1):
            self.assertTrue(add(1, 2))
"""
CODE = {"app.py": "def add(a, b): return a + b\ndef names(): return ['ä']\n"}


class Changes(unittest.TestCase):
    def test_each_passing_test_can_be_made_to_fail(self):
        done = run({"test_a.py": SUITE}, CODE)
        self.assertEqual(set(done.outcomes.values()), {"passed"}, done.messages)
        for name in done.outcomes:
            for seed in range(2):
                changed = probe.make("test_a.py", SUITE, [f"test_a.py::{name}"], seed)
                self.assertEqual(changed.test, f"test_a.py::{name.partition('[')[0]}")
                again = run({"test_a.py": changed.content}, CODE)
                own = {n: o for n, o in again.outcomes.items() if n.partition("[")[0] == name.partition("[")[0]}
                self.assertEqual(set(own.values()), {"failed"}, (again.build_errors, changed.content))
                self.assertEqual(own, again.outcomes, "the other tests are left out")

    def test_same_seed_makes_the_same_change(self):
        passed = [f"test_a.py::{name}" for name in ("test_literal", "test_text", "TestOne::test_method")]
        made = [probe.make("test_a.py", SUITE, passed, seed).content for seed in (1, 1, 2, 3, 4)]
        self.assertEqual(made[0], made[1])
        self.assertGreater(len(set(made)), 2)

    def test_tests_that_may_pass_anyway_are_not_changed(self):
        for test in (
            "def test_a():\n    if add(1, 1): return\n    assert 1 == 2\n",
            "def test_a():\n    yield\n    assert 1 == 2\n",
            "@ignore_errors\ndef test_a(): assert 1 == 1\n",
            "class TestA(Base): pass\n",
            "test_a = make(1)\n",
            "def test_a(: pass\n",
        ):
            self.assertIsNone(probe.make("t.py", test, ["t.py::test_a", "t.py::TestA::test_a"], 1), test)

    def test_tests_that_others_name_stay(self):
        source = "def test_a(): assert 1 == 1\ndef test_b(): pass\nclass TestC:\n    def test_c(self): test_b()\n"
        changed = probe.make("t.py", source, ["t.py::test_a"], 1).content
        self.assertIn("def test_b", changed)
        self.assertNotIn("TestC", changed)

    def test_definitions_in_one_line_stay(self):
        source = "class TestA: test_x = 1; y = 2\r\nclass TestB:\r\n    def test_b(self): assert self.f() == 1\r\n    def f(self): return 1\r\n"
        done = run({"test_t.py": probe.make("test_t.py", source, ["test_t.py::TestB::test_b"], 1).content})
        self.assertEqual(done.outcomes, {"TestB::test_b": "failed"})


if __name__ == "__main__":
    unittest.main()
