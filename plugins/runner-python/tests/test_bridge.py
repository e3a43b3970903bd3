"""Whole test runs with pytest, from memory."""

import json
import unittest

from support import run


class Outcomes(unittest.TestCase):
    def test_distinguishes_every_outcome(self):
        suite = """
import pytest, unittest
from calc import add

@pytest.fixture
def broken(): raise RuntimeError("no")
@pytest.fixture
def leaky():
    yield
    raise RuntimeError("late")

def test_ok(three): assert add(1, 2) == three
def test_bad(): assert add(1, 2) == 4
def test_setup(broken): pass
def test_teardown(leaky): pass
@pytest.mark.skip(reason="not yet")
def test_skipped(): pass
@pytest.mark.xfail(reason="known")
def test_known(): assert False
@pytest.mark.xfail(strict=True)
def test_surprise(): pass
@pytest.mark.parametrize("a, b", [(1, 2), (2, 2)])
def test_many(a, b): assert add(a, 1) == b
def test_exit(): raise SystemExit(0)
def test_hard_exit():
    import os
    os._exit(0)
async def test_async():
    import asyncio
    await asyncio.sleep(0)
class Case(unittest.TestCase):
    def test_sub(self):
        for i in range(2):
            with self.subTest(i=i): self.assertEqual(i, 0)
"""
        code = {"src/calc.py": "def add(a, b):\n    print('adding')\n    return a + b\n"}
        conftest = "import pytest\n@pytest.fixture\ndef three(): return 3\n"
        done = run({"tests/test_a.py": suite, "tests/conftest.py": conftest}, code)
        self.assertEqual(
            done.outcomes,
            {
                "test_ok": "passed",
                "test_bad": "failed",
                "test_setup": "errored",
                "test_teardown": "errored",
                "test_skipped": "skipped",
                "test_known": "skipped",
                "test_surprise": "failed",
                "test_many[1-2]": "passed",
                "test_many[2-2]": "failed",
                "test_exit": "failed",
                "test_hard_exit": "failed",
                "test_async": "passed",
                "Case::test_sub": "failed",
            },
        )
        message = done.messages["test_bad"]
        self.assertTrue(
            message.startswith("tests/test_a.py:13: in test_bad\n    def test_bad(): assert add(1, 2) == 4\n"), message
        )
        self.assertTrue(message.endswith("E   assert 3 == 4\nE    +  where 3 = add(1, 2)"), message)
        self.assertIn("adding", done.outputs["test_ok"])
        self.assertEqual(done.messages["test_skipped"], "not yet")
        self.assertEqual(done.messages["test_known"], "xfailed: known")

    def test_failed_imports_are_build_errors(self):
        done = run({"test_a.py": "import calc\ndef test_a(): pass\n"}, {"calc.py": "X = 1\nY = X / 0\n"})
        self.assertEqual(done.build_errors, ["calc.py:2: while importing: ZeroDivisionError: division by zero"])
        self.assertEqual(done.outcomes, {"test_a": "errored"})

    def test_uncollectable_tests_are_build_errors(self):
        suite = "import pytest\n@pytest.mark.parametrize('x', [1])\ndef test_a(y): pass\ndef test_b(): pass\n"
        done = run({"test_a.py": suite})
        self.assertTrue(done.build_errors[0].startswith("test_a.py:1: while collecting: In "), done.build_errors)
        self.assertIn("uses no argument 'x'", done.build_errors[0])
        self.assertEqual(done.outcomes, {"test_a": "errored", "test_b": "errored"})

    def test_exits_during_import_are_build_errors(self):
        done = run({"test_a.py": "import sys\nsys.exit(0)\ndef test_a(): pass\n"})
        self.assertEqual(done.build_errors, ["test_a.py:2: while importing: SystemExit: 0"])

    def test_missing_or_interrupted_tests_have_errored(self):
        done = run(
            {
                "test_a.py": "import pytest\ndef test_a(): pass\ndef test_b(): pytest.exit('enough')\ndef test_c(): pass\n"
            }
        )
        self.assertEqual(done.outcomes, {"test_a": "passed", "test_b": "errored", "test_c": "errored"})
        done = run({"test_a.py": "def test_a(): pass\ndef test_b(): pass\ndel globals()['test_a']\n"})
        self.assertEqual(done.outcomes, {"test_b": "passed", "test_a": "errored"})
        self.assertIn("was not there", done.messages["test_a"])

    def test_skipped_modules_have_skipped_tests(self):
        done = run(
            {"test_a.py": "import pytest\npytest.skip('not here', allow_module_level=True)\ndef test_a(): pass\n"}
        )
        self.assertEqual(done.outcomes, {"test_a": "skipped"})

    def test_broken_conftests_are_build_errors(self):
        done = run({"test_a.py": "def test_a(): pass\n", "conftest.py": "1 / 0\n"})
        self.assertEqual(done.build_errors, ["conftest.py:1: while importing: ZeroDivisionError: division by zero"])
        self.assertEqual(done.outcomes, {"test_a": "errored"})


    def test_files_without_tests_are_told_by_name(self):
        done = run({"tests/test_a.py": "def helper(): pass\nclass TestA:\n    def __init__(self): pass\n"})
        self.assertEqual(done.names, {"tests/test_a.py": "errored"})
        done = run({"tests/test_a.py": "import pytest\npytest.skip('later', allow_module_level=True)\n"})
        self.assertEqual(done.names, {"tests/test_a.py": "skipped"})

    def test_tests_made_at_run_time_are_reported(self):
        suite = """
from shared import *
def make(n):
    class Made:
        def test_made(self): assert n == 1
    return Made
TestOne, TestTwo = make(1), make(2)
class TestX: pass
setattr(TestX, "test_set", lambda self: None)
if True:
    def test_bad(): assert False
"""
        done = run({"tests/test_a.py": suite, "tests/shared.py": "def test_shared(): pass\n"})
        self.assertEqual(
            done.outcomes,
            {
                "test_shared": "passed",
                "TestOne::test_made": "passed",
                "TestTwo::test_made": "failed",
                "TestX::test_set": "passed",
                "test_bad": "failed",
            },
        )


class StandardLibrary(unittest.TestCase):
    def test_modules_can_be_loaded_again_and_read(self):
        suite = """
import importlib.util, inspect, json, linecache, sys
def test_second_copy():
    spec = importlib.util.find_spec("html.parser")
    copy = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copy)
    import html.parser
    assert copy is not html.parser and copy.HTMLParser is not html.parser.HTMLParser
def test_import_again():
    del sys.modules["textwrap"]
    import textwrap
    assert importlib.reload(textwrap).dedent(" a") == "a"
def test_source():
    assert inspect.getsource(json.loads).startswith("def loads(")
    assert linecache.getline(json.__file__, 1, vars(json)) != ""
"""
        done = run({"test_a.py": suite})
        self.assertEqual(set(done.outcomes.values()), {"passed"}, done.messages)


class Progress(unittest.TestCase):
    def test_each_start_and_result_is_told_at_once(self):
        suite = """
import pytest, sys
sys.stdout = sys.__stdout__ = None
@pytest.mark.parametrize("x", [1, 2])
def test_a(x): assert x == 1
@pytest.fixture
def late():
    yield
    raise RuntimeError("late")
def test_b(late): pass
@pytest.mark.skip(reason="later")
def test_c(): pass
"""
        told = [json.loads(line) for line in run({"test_a.py": suite}).progress]
        self.assertEqual([t["started"].partition("::")[2] for t in told[::2]], ["test_a[1]", "test_a[2]", "test_b", "test_c"])
        reported = [t["reported"] for t in told[1::2]]
        self.assertEqual([t["name"] for t in reported], [t["started"] for t in told[::2]])
        self.assertEqual([t["outcome"] for t in reported], ["passed", "failed", "errored", "skipped"])
        self.assertEqual((reported[0]["message"], reported[3]["message"]), (None, "later"))
        self.assertIn("assert 2 == 1", reported[1]["message"])
        self.assertIn("late", reported[2]["message"])

    def test_lines_are_bounded(self):
        done = run({"test_a.py": "def test_a(): assert 0, '\\U0001f4a5' * 10_000\n"})
        self.assertEqual(len(done.progress), 2)
        self.assertLess(max(map(len, done.progress)), 8_000)


class Files(unittest.TestCase):
    def test_precedence_of_code_and_test_files(self):
        code = {"calc.py": "X = 1\n", "tests/test_a.py": "def test_forged(): pass\n"}
        tests = {"tests/test_a.py": "from calc import X\ndef test_a(): assert X == 1\n", "calc.py": "X = 2\n"}
        self.assertEqual(run(tests, code).outcomes, {"test_a": "passed"})

    def test_helpers_do_not_hide_code(self):
        tests = {"tests/test_a.py": "import calc\ndef test_a(): assert calc.X == 1\n", "tests/calc.py": "X = 2\n"}
        self.assertEqual(run(tests, {"src/calc.py": "X = 1\n"}).outcomes, {"test_a": "passed"})

    def test_ignores_test_files_of_the_code(self):
        done = run({"tests/test_a.py": "def test_a(): assert False\n"}, {"test_a.py": "def test_a(): pass\n"})
        self.assertEqual(done.outcomes, {"test_a": "failed"})

    def test_combines_conftests_packages_and_relative_imports(self):
        fixture = "import pytest\n@pytest.fixture\ndef {0}(): return '{0}'\n"
        tests = {
            "tests/unit/test_a.py": "from .tools import tool\nfrom app.core import f\n"
            "def test_a(outer, inner): assert (outer, inner, tool(), f()) == ('outer', 'inner', 1, 2)\n",
            "tests/__init__.py": "",
            "tests/unit/__init__.py": "",
            "tests/unit/tools.py": "def tool(): return 1\n",
            "tests/conftest.py": fixture.format("outer"),
            "tests/unit/conftest.py": fixture.format("inner"),
        }
        code = {"app/core.py": "from .deep import f\n", "app/deep.py": "def f(): return 2\n"}
        self.assertEqual(run(tests, code).outcomes, {"test_a": "passed"})

    def test_files_live_in_memory(self):
        suite = """
import json, os, shutil, sqlite3, tempfile
from pathlib import Path
import pytest
def test_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a/b").mkdir(parents=True)
    with open("a/b/c.json", "w") as f: json.dump([1], f)
    assert json.loads((tmp_path / "a" / "b" / "c.json").read_text()) == [1]
    assert [p.name for p in tmp_path.rglob("*.json")] == ["c.json"]
    os.replace("a/b/c.json", "d.json")
    shutil.rmtree("a")
    assert os.listdir() == ["d.json"]
    with pytest.raises(FileNotFoundError): open("a/b/c.json")
    with pytest.raises(FileExistsError): Path("d.json").mkdir()
def test_temporary():
    with tempfile.TemporaryDirectory() as d, open(os.path.join(d, "x"), "w+b") as f:
        f.write(b"abc"); f.seek(1)
        assert f.read() == b"bc"
def test_database(tmp_path):
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as one: one.execute("create table t(a)")
    one.close()
    assert sqlite3.connect(path).execute("select count(*) from t").fetchone() == (0,)
def test_data(): assert (Path(__file__).parent / "data.txt").read_text() == "hi"
"""
        done = run({"tests/test_a.py": suite, "tests/data.txt": "hi"})
        self.assertEqual(set(done.outcomes.values()), {"passed"}, done.messages)


class Denials(unittest.TestCase):
    def test_explains_denied_processes_network_and_deadlocks(self):
        suite = """
import asyncio, socket, subprocess
def test_process(): subprocess.run(["ls"])
def test_socket(): socket.create_connection(("localhost", 1))
def test_deadlock(): asyncio.run(asyncio.wait_for(asyncio.Event().wait(), None))
"""
        done = run({"test_a.py": suite})
        self.assertEqual(set(done.outcomes.values()), {"failed"})
        for name, words in [
            ("test_process", "processes cannot be started"),
            ("test_socket", "the network cannot be reached"),
            ("test_deadlock", "an event loop in which every task waits"),
        ]:
            self.assertIn(words, done.messages[name])

    def test_output_is_bounded(self):
        done = run({"test_a.py": "def test_a():\n    for i in range(300): print('x' * 10_000)\n    assert False\n"})
        self.assertEqual(done.outcomes, {"test_a": "failed"})
        self.assertLess(len(done.outputs["test_a"]), 17_000)
        self.assertIn("characters left out", done.outputs["test_a"])


if __name__ == "__main__":
    unittest.main()
