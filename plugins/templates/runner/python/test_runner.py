import unittest

from phasegate_plugin import BuildErrors, File
from runner import collect, run_tests

TESTS = [File("tests/a.expect", "# words\na.txt contains yes\na.txt contains no\nb.txt contains yes\n")]


class Contains(unittest.TestCase):
    def test_each_line_is_a_test(self):
        run = run_tests([File("a.txt", "yes")], TESTS, "tests/a.expect")
        self.assertEqual([test.outcome for test in run.tests], ["passed", "failed", "errored"])
        self.assertEqual(collect([], TESTS)[0], "tests/a.expect::line 2")

    def test_other_lines_are_faults(self):
        tests = [File("tests/a.expect", "a.txt has yes\n")]
        with self.assertRaises(BuildErrors) as raised:
            collect([], tests)
        self.assertEqual(raised.exception.errors, ["tests/a.expect:1: write `PATH contains TEXT`"])


if __name__ == "__main__":
    unittest.main()
