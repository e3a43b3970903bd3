"""Collection finds syntax errors and leaves imports to the run, where an import that fails is an error at its line."""

import unittest

from support import collected, errors, run


class SyntaxErrors(unittest.TestCase):
    def test_syntax_errors_name_path_line_and_text(self):
        (message,) = errors({"a.py": "x = 1\ndef f(:\n"})
        self.assertTrue(message.startswith("a.py:2: "), message)
        self.assertIn("`def f(:`", message)

    def test_code_is_checked_without_any_tests(self):
        self.assertEqual(len(errors({"a.py": "return 1\n"})), 1)

    def test_each_broken_file_has_one_error(self):
        code = {"a.py": "print 'x'\ndef g(:\n", "{{name}}/b.py": "import {{name}}\n", "c.py": "X = 1\n"}
        self.assertEqual([e.partition(": ")[0] for e in errors(code)], ["a.py:1", "{{name}}/b.py:1"])

    def test_deep_nesting_is_an_error(self):
        self.assertEqual(len(errors({"a.py": "x = " + "(" * 5000 + ")" * 5000})), 1)

    def test_broken_files_that_nothing_imports_disturb_no_run(self):
        done = run({"test_a.py": "def test_a(): pass\n", "other/conftest.py": "(\n"}, {"tool.py": "print 'x'\n"})
        self.assertEqual(done.outcomes, {"test_a": "passed"})

    def test_broken_test_files_and_conftests_are_build_errors(self):
        for path in ("test_a.py", "conftest.py"):
            done = run({"test_a.py": "def test_a(): pass\n", path: "def test_a(:\n"})
            self.assertEqual(done.build_errors, [f"{path}:1: invalid syntax: `def test_a(:`"])

    def test_statements_in_wrong_places_are_build_errors(self):
        for path in ("test_a.py", "conftest.py"):
            done = run({"test_a.py": "def test_a(): pass\n", path: "def test_a(): pass\nreturn 1\n"})
            self.assertEqual(done.build_errors, [f"{path}:2: 'return' outside function: `return 1`"])

    def test_imported_syntax_errors_name_their_own_file(self):
        done = run({"test_a.py": "import app\n"}, {"app.py": "X = 1\nprint 'x'\n"})
        self.assertEqual(len(done.build_errors), 1)
        self.assertTrue(done.build_errors[0].startswith("app.py:2: Missing parentheses"), done.build_errors)


class Imports(unittest.TestCase):
    def test_collection_decides_about_no_import(self):
        code = {"a.py": "import requests\nfrom . import b\nfrom collections import Mapping\nfrom os import nothing\n"}
        self.assertEqual(errors(code), [])
        self.assertEqual(collected({"test_a.py": "import a, torch\ndef test_a(): pass\n"}, code), ["test_a.py::test_a"])

    def test_missing_packages_are_errors_where_they_are_imported(self):
        done = run({"test_a.py": "import app\ndef test_a(): pass\n"}, {"app.py": "import os\nimport requests.auth\n"})
        self.assertEqual(
            done.build_errors,
            [
                "app.py:2: while importing: ModuleNotFoundError: No module named 'requests': only the standard library, "
                "pytest and the supplied files are here"
            ],
        )

    def test_missing_packages_are_explained_in_a_failing_test(self):
        suite = """
import pytest
def test_a():
    import numpy.linalg
def test_name():
    with pytest.raises(ModuleNotFoundError, match="^No module named 'numpy'$") as e: import numpy
    assert e.value.name == "numpy"
def test_inner(): import app.missing
"""
        done = run({"test_a.py": suite}, {"app/__init__.py": ""})
        self.assertEqual(done.outcomes, {"test_a": "failed", "test_name": "passed", "test_inner": "failed"})
        hint = "E   ModuleNotFoundError: No module named 'numpy': only the standard library, pytest and the supplied files are"
        self.assertIn(hint, done.messages["test_a"])
        self.assertTrue(done.messages["test_inner"].endswith("No module named 'app.missing'"), done.messages)

    def test_guarded_and_unused_imports_do_not_matter(self):
        code = """
import importlib.util, os
from typing import TYPE_CHECKING
try:
    import orjson as json
except ImportError:
    import json
if TYPE_CHECKING: import pandas
if os.name == "nt": import msvcrt2
if importlib.util.find_spec("numpy"): import numpy
def f():
    import torch
if __name__ == "__main__": import rich
"""
        suite = "import app, pytest\ndef test_a():\n    assert app.json.dumps(1) == '1'\n"
        suite += "    with pytest.raises(ImportError): app.f()\n"
        self.assertEqual(run({"test_a.py": suite}, {"app.py": code}).outcomes, {"test_a": "passed"})

    def test_core_modules_stay_those_of_python(self):
        suite = "import types, calendar, app\nfrom app.types import Y\n"
        suite += "def test_a(): assert types.ModuleType and calendar.X == 1 and app.types.Y == 2\n"
        code = {"types.py": "X = 1\n", "calendar.py": "X = 1\n", "app/types.py": "Y = 2\n"}
        self.assertEqual(run({"test_a.py": suite}, code).outcomes, {"test_a": "passed"})

    def test_code_may_not_stand_for_the_test_framework(self):
        done = run({"test_a.py": "def test_a(): pass\n"}, {"pytest.py": "", "src/pluggy/__init__.py": ""})
        self.assertEqual(
            done.build_errors,
            [
                "pytest.py:1: the module name `pytest` belongs to the test framework; rename the file",
                "src/pluggy/__init__.py:1: the module name `pluggy` belongs to the test framework; rename the file",
            ],
        )


if __name__ == "__main__":
    unittest.main()
