"""Syntax errors and unresolved imports are found before anything runs."""

import unittest

from support import errors


class BuildErrors(unittest.TestCase):
    def test_syntax_errors_name_path_line_and_text(self):
        (message,) = errors({"a.py": "x = 1\ndef f(:\n"})
        self.assertTrue(message.startswith("a.py:2: "), message)
        self.assertIn("`def f(:`", message)

    def test_code_is_checked_without_any_tests(self):
        self.assertEqual(len(errors({"a.py": "return 1\n"})), 1)

    def test_names_unknown_packages(self):
        self.assertEqual(
            errors({"app/main.py": "import os\nimport requests\n"}),
            [
                "app/main.py:2: no module named `requests`: only the standard library, pytest and the supplied files are here"
            ],
        )

    def test_resolves_packages_src_layouts_and_relative_imports(self):
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

    def test_finds_missing_names_in_supplied_modules(self):
        code = {"shop.py": "class Cart: pass\n"}
        self.assertEqual(
            errors(code, {"test_a.py": "from shop import Cart, Basket\n"}),
            ["test_a.py:1: cannot import name `Basket` from `shop` (shop.py)"],
        )

    def test_undecidable_names_count_as_present(self):
        code = {"a.py": "def __getattr__(n): return n\n", "b.py": "from a import *\n", "c.py": "globals()['x'] = 1\n"}
        self.assertEqual(errors(code, {"test_a.py": "from a import q\nfrom b import r\nfrom c import x\n"}), [])

    def test_finds_missing_names_in_the_standard_library(self):
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

    def test_fallback_imports_must_resolve(self):
        code = {"a.py": "try:\n    import orjson\nexcept ImportError:\n    import simplejson\n"}
        self.assertEqual([e.partition(": no")[0] for e in errors(code)], ["a.py:4"])

    def test_rejects_relative_imports_outside_packages(self):
        self.assertEqual(
            errors({"a.py": "from . import b\n", "b.py": ""}),
            ["a.py:1: relative import in a file that is in no package"],
        )
        self.assertEqual(
            errors({"p/a.py": "from .. import b\n", "b.py": ""}),
            ["p/a.py:1: relative import beyond the top-level package"],
        )

    def test_core_modules_cannot_be_replaced(self):
        self.assertEqual(errors({"calendar.py": "X = 1\n", "a.py": "from calendar import X\n"}), [])
        self.assertEqual(
            errors({"types.py": ""}),
            ["types.py:1: the module name `types` belongs to Python's own machinery; rename the file"],
        )

    def test_deep_nesting_is_an_error(self):
        self.assertEqual(len(errors({"a.py": "x = " + "(" * 5000 + ")" * 5000})), 1)


if __name__ == "__main__":
    unittest.main()
