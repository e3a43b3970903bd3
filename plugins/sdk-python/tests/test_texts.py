import json
import random
import time
import unittest

from phasegate_plugin import EditFaults, apply_diff, apply_edits, unified
from phasegate_plugin.answer import find_values
from phasegate_plugin.crashes import MOUNTED, summary, traceback_lines
from phasegate_plugin.json_text import JsonFault, load

LINES = ["", " ", "a", "  a", "b", "-- a", "++ b", "@@ -1 +1 @@", "\\ x", "```", "ä ö"]


class Json(unittest.TestCase):
    def test_accepts_what_python_accepts(self):
        random.seed(1)
        valid = '{"a": [1, -2.5e3, "x\\n\\u00e4", null, true, {"b": []}], "c": {}}'
        for _ in range(3_000):
            at = random.randrange(len(valid))
            text = valid[:at] + random.choice(["", "{", "]", ",", '"', "1", "\\", " ", "-", ".", "e"]) + valid[at + 1 :]
            try:
                expected = json.loads(text)
            except ValueError:
                with self.assertRaises(JsonFault, msg=text):
                    load(text)
                continue
            self.assertEqual(load(text), expected, text)

    def test_faults_are_in_the_words_of_the_host(self):
        faults = {
            "[NaN]": "expected value at line 1 column 2",
            "[nöll]": "expected ident at line 1 column 3",
            '["\\ö"]': "invalid escape at line 1 column 4",
            '["\\ud800"]': "unexpected end of hex escape at line 1 column 9",
            "[1e999]": "number out of range at line 1 column 6",
            "[" * 200: "recursion limit exceeded at line 1 column 128",
            "": "EOF while parsing a value at line 1 column 0",
        }
        for text, fault in faults.items():
            with self.assertRaises(JsonFault) as raised:
                load(text)
            self.assertEqual(str(raised.exception), fault)
        self.assertEqual(load("1" * 5_000 + "e-4990"), 1111111111.1111112)

    def test_hostile_brackets_take_linear_time(self):
        start = time.monotonic()
        for piece in ["{", "[", '{"a" ', "[1,", '{"a": [\n```\n', "<", "</think>", '{"a": 1,}']:
            find_values(piece * 20_000)
        self.assertLess(time.monotonic() - start, 20)


class Edits(unittest.TestCase):
    def text(self):
        lines = random.choices(LINES, k=random.randrange(14))
        return "\n".join(lines) + ("\n" if lines and random.random() < 0.5 else "")

    def test_diffs_restore_the_new_text(self):
        random.seed(2)
        for _ in range(2_000):
            old, new = self.text(), self.text()
            if old == new:
                continue
            diff = unified("a", old, new)
            self.assertEqual(apply_diff(old, diff), new, (old, new, diff))
            crlf = old.replace("\n", "\r\n")
            if "\n" in old:
                self.assertEqual(apply_diff(crlf, diff), new.replace("\n", "\r\n"), (old, new, diff))

    def test_edits_change_nothing_else(self):
        random.seed(3)
        for _ in range(1_000):
            before, after, new = self.text(), self.text(), random.choice(["", "x", "x\ny\n"])
            base = f"{before}<here>{after}"
            changed = apply_edits(base, [{"find": "<here>", "replace": f"<{new}>"}])
            self.assertEqual(changed, f"{before}<{new}>{after}")

    def test_faults_are_all_in_the_message(self):
        with self.assertRaises(EditFaults) as raised:
            apply_edits("a\n", [{"find": "a", "replace": "a"}, {"find": "", "replace": "x"}])
        self.assertEqual(
            str(raised.exception), "edit 1: it changes nothing\nedit 2: `find` is empty, and the file is not"
        )

    def test_large_texts_are_bounded(self):
        old, new = ("same\n" + "".join(f"{word} {n}\n" for n in range(6_000)) for word in "ab")
        diff = unified("a", old, new)
        self.assertTrue(diff.startswith("--- a/a\n+++ b/a\n@@ -1,6001 +1,6001 @@\n same\n-a 0\n-a 1\n"))
        self.assertTrue(diff.endswith("+b 5999\n"))


class Crashes(unittest.TestCase):
    def crash(self, levels):
        return self.crash(levels - 1) if levels else {}["missing"]

    def test_the_traceback_names_file_and_line(self):
        try:
            self.crash(0)
        except KeyError as error:
            lines = traceback_lines(error)
        self.assertEqual(lines[0], "Traceback (most recent call last):")
        self.assertEqual(lines[-1], "KeyError: 'missing'")
        self.assertTrue(any("test_texts.py" in line and "in crash" in line for line in lines), lines)

    def test_the_summary_names_the_nearest_own_line(self):
        try:
            self.crash(0)
        except KeyError as error:
            line = error.__traceback__.tb_next.tb_lineno
            self.assertRegex(summary(error), rf"^KeyError: 'missing' \(.*test_texts\.py:{line}\)$")
        self.assertEqual(summary(ValueError("no frames")), "ValueError: no frames")
        self.assertEqual(MOUNTED.sub("", "/0/agent.py"), "agent.py")

    def test_the_innermost_frames_of_a_long_one_are_kept(self):
        error = ValueError("\n".join(f"line {n}" for n in range(3_000)))
        lines = traceback_lines(error)
        self.assertLess(sum(len(line) + 1 for line in lines), 8_192)
        self.assertRegex(lines[0], r"^… \(\d+ lines of the traceback left out\)$")
        self.assertEqual(lines[-1], "line 2999")


if __name__ == "__main__":
    unittest.main()
