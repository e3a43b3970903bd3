"""Test names are found by parsing, as pytest would name them."""

import unittest

from support import collected

SUITE = """
import enum
import unittest
from unittest import IsolatedAsyncioTestCase as Base
from pytest import fixture
import pytest
from shared import Common

raise SystemExit("nothing may be executed")

def test_plain(): pass
async def test_async(): pass
def helper(): pass
@fixture
def test_data(): pass
@pytest.fixture(scope="module")
def test_more(): pass
def test_twice(): pass
def test_twice(): pass
def test_gone(): pass
test_gone = None
if True:
    def test_conditional(): pass

class TestThings:
    def test_a(self): pass
    @staticmethod
    def test_b(): pass
    def check(self): pass
    class TestInner:
        def test_c(self): pass

class TestChild(TestThings):
    def test_d(self): pass

class TestWithInit:
    def __init__(self): pass
    def test_x(self): pass

class TestOff:
    __test__ = False
    def test_x(self): pass

class Unit(unittest.TestCase):
    def test_u(self): pass
    def testCamel(self): pass

class Derived(Unit): pass
class Awaiting(Base):
    async def test_w(self): pass
class Foreign(Common):
    def test_f(self): pass
class Colour(enum.Enum):
    test_red = 1
"""


class Names(unittest.TestCase):
    def test_functions_classes_and_unittest_cases_are_found(self):
        shared = "import unittest\nclass Common(unittest.TestCase):\n    def test_common(self): pass\n"
        found = collected({"tests/test_suite.py": SUITE, "tests/shared.py": shared})
        self.assertEqual(
            [n.partition("::")[2] for n in found],
            [
                "test_plain",
                "test_async",
                "test_twice",
                "TestThings::test_a",
                "TestThings::test_b",
                "TestThings::TestInner::test_c",
                "TestChild::test_a",
                "TestChild::test_b",
                "TestChild::TestInner::test_c",
                "TestChild::test_d",
                "Unit::test_u",
                "Unit::testCamel",
                "Derived::test_u",
                "Derived::testCamel",
                "Awaiting::test_w",
                "Foreign::test_common",
                "Foreign::test_f",
            ],
        )

    def test_only_test_files_are_searched(self):
        text = "def test_a(): pass\n"
        files = {"test_x.py": text, "x_test.py": text, "helpers.py": text, "conftest.py": text, "test.txt": text}
        self.assertEqual(collected(files), ["test_x.py::test_a", "x_test.py::test_a"])
        self.assertEqual(collected({"app/tests.py": text}), ["app/tests.py::test_a"])

    def test_files_without_visible_tests_are_named_by_path(self):
        files = {
            "test_if.py": "if True:\n    def test_bad(): assert False\n",
            "test_star.py": "from shared import *\n",
            "t/tests.py": "",
            "test_z.py": "def test_a(): pass\n",
            "shared.py": "def test_shared(): pass\n",
        }
        self.assertEqual(collected(files), ["t/tests.py", "test_if.py", "test_star.py", "test_z.py::test_a"])

    def test_tests_that_a_decorator_may_replace_are_not_certain(self):
        suite = """
import unittest
from unittest import mock
from expansion import expand
import app
class Case(unittest.TestCase):
    @expand([1, 2])
    def test_each(self, n): pass
    @mock.patch("app.f")
    @app.wrap
    def test_plain(self, f): pass
@expand([1])
def test_only(): pass
"""
        helper = "import sys\ndef expand(values): sys._getframe(1).f_locals['test_x'] = None\n"
        code = {"app.py": "def wrap(f): return f\n"}
        self.assertEqual(collected({"test_a.py": suite, "expansion.py": helper}, code), ["test_a.py::Case::test_plain"])

    def test_names_that_the_suite_deletes_or_binds_again_are_no_tests(self):
        suite = """
import unittest
from pytest import fixture as provide
class Base(unittest.TestCase):
    def test_base(self): pass
class One(Base): pass
del Base
class TestOff:
    __test__ = False
    def test_a(self): pass
class TestStillOff(TestOff): pass
class TestOn(TestOff): __test__ = True
def test_helper(): pass
test_helper, x = None, 1
@provide
def test_data(): pass
"""
        self.assertEqual(collected({"test_a.py": suite}), ["test_a.py::One::test_base", "test_a.py::TestOn::test_a"])

    def test_constructors_in_the_code_do_not_remove_tests(self):
        suite = "import enum, threading\nfrom app import Base\n"
        for name, base in {"TestA": "Base", "TestB": "threading.Thread", "TestC": "ValueError", "TestD": "enum.Enum"}.items():
            suite += f"class {name}({base}):\n    def test_it(self): pass\n"
        code = {"app.py": "class Base:\n    def __init__(self): pass\n"}
        self.assertEqual(collected({"test_a.py": suite}, code), ["test_a.py::TestA::test_it"])

    def test_settings_add_names_of_files_classes_and_functions(self):
        ini = "[pytest]\npython_files = check_*.py *.py\npython_classes = Check\npython_functions = check_* *_works\n"
        suite = "def check_a(): pass\ndef it_works(): pass\ndef test_b(): pass\nclass CheckC:\n    def check_d(self): pass\n"
        suite += "import unittest\nclass Unit(unittest.TestCase):\n    def check_e(self): pass\n    def test_e(self): pass\n"
        files = {"check_x.py": suite, "check_y.py": "", "helper.py": "", "more.py": "def test_f(): pass\n"}
        self.assertEqual(
            collected(files, {"tox.ini": ini}),
            [
                "check_x.py::check_a",
                "check_x.py::it_works",
                "check_x.py::test_b",
                "check_x.py::CheckC::check_d",
                "check_x.py::Unit::test_e",
                "check_y.py",
                "more.py::test_f",
            ],
        )


if __name__ == "__main__":
    unittest.main()
