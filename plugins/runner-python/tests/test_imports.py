"""What does not parse or resolve is said before anything runs."""

import unittest

from support import errors


class BuildErrors(unittest.TestCase):
    def test_a_syntax_error_names_path_line_and_text(self):
        (said,) = errors({"a.py": "x = 1\ndef f(:\n"})
        self.assertTrue(said.startswith("a.py:2: "), said)
        self.assertIn("`def f(:`", said)

    def test_code_is_checked_without_any_tests(self):
        self.assertEqual(len(errors({"a.py": "return 1\n"})), 1)

    def test_an_unknown_package_is_named_with_what_is_there(self):
        self.assertEqual(
            errors({"app/main.py": "import os\nimport requests\n"}),
            [
                "app/main.py:2: no module named `requests`: only the standard library, pytest and the supplied files are here"
            ],
        )

    def test_packages_src_layouts_and_relative_imports_resolve(self):
        code = {
            "src/shop/__init__.py": "from .cart import Cart\n",
            "src/shop/cart.py": "from . import prices\nfrom .tax.rates import RATE\nclass Cart: pass\n",
            "src/shop/prices.py": "",
            "src/shop/tax/rates.py": "RATE = 1\n",
            "tool.py": "import shop.cart\nfrom shop import Cart, prices\nfrom src.shop.cart import Cart as C\n",
        }
        tests = {
            "tests/test_a.py": "import helper\nfrom shop import Cart\nfrom tool import prices\n",
            "tests/helper.py": "",
        }
        self.assertEqual(errors(code, tests), [])

    def test_a_missing_name_in_a_supplied_module_is_an_error(self):
        code = {"shop.py": "class Cart: pass\n"}
        self.assertEqual(
            errors(code, {"test_a.py": "from shop import Cart, Basket\n"}),
            ["test_a.py:1: cannot import name `Basket` from `shop` (shop.py)"],
        )

    def test_names_that_reading_cannot_decide_are_taken_as_present(self):
        code = {"a.py": "def __getattr__(n): return n\n", "b.py": "from a import *\n", "c.py": "globals()['x'] = 1\n"}
        self.assertEqual(errors(code, {"test_a.py": "from a import q\nfrom b import r\nfrom c import x\n"}), [])

    def test_a_missing_name_of_the_standard_library_is_an_error(self):
        self.assertEqual(
            errors({"a.py": "from collections import Mapping\n"}),
            ["a.py:1: cannot import name `Mapping` from `collections`"],
        )

    def test_guarded_imports_may_fail(self):
        guarded = """
import sys
from typing import TYPE_CHECKING
try:
    import numpy
except ImportError:
    numpy = None
try:
    import json
except ImportError:
    import simplejson as json
if TYPE_CHECKING:
    import pandas
if sys.version_info < (3, 8):
    import toml
"""
        self.assertEqual(errors({"a.py": guarded}), [])

    def test_the_second_choice_of_a_failed_import_must_be_there(self):
        code = {"a.py": "try:\n    import orjson\nexcept ImportError:\n    import simplejson\n"}
        self.assertEqual([e.partition(": no")[0] for e in errors(code)], ["a.py:4"])

    def test_relative_imports_outside_or_beyond_a_package_are_errors(self):
        self.assertEqual(
            errors({"a.py": "from . import b\n", "b.py": ""}),
            ["a.py:1: relative import in a file that is in no package"],
        )
        self.assertEqual(
            errors({"p/a.py": "from .. import b\n", "b.py": ""}),
            ["p/a.py:1: relative import beyond the top-level package"],
        )

    def test_a_module_may_hide_one_of_the_standard_library_but_not_what_python_runs_on(self):
        self.assertEqual(errors({"calendar.py": "X = 1\n", "a.py": "from calendar import X\n"}), [])
        self.assertEqual(
            errors({"types.py": ""}),
            ["types.py:1: the module name `types` belongs to Python's own machinery; rename the file"],
        )

    def test_a_file_nested_too_deeply_is_an_error_not_a_crash(self):
        self.assertEqual(len(errors({"a.py": "x = " + "(" * 5000 + ")" * 5000})), 1)


if __name__ == "__main__":
    unittest.main()
