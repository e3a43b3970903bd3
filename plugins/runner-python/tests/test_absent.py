"""Modules that the component lacks, built here beside the real ones."""

import mmap
import os
import tempfile
import types
import unittest

import support  # noqa: F401

from _phasegate_runner.absent import build, calls, finder, names


def built(name):
    module = types.ModuleType(name)
    build.fill(module)
    return module


class Modules(unittest.TestCase):
    def test_every_listed_name_is_there(self):
        for name, text in {**names.LINUX, **names.WINDOWS, **names.REMOVED}.items():
            module = built(name)
            for line in text.strip().splitlines():
                kind, *words = line.split()
                for word in words if kind in ("function", "value") else words[:1]:
                    self.assertTrue(hasattr(module, word.partition("=")[0]), f"{name}: {line}")

    def test_values_are_those_of_this_interpreter(self):
        import lzma
        import termios

        self.assertEqual(built("termios").TCSANOW, termios.TCSANOW)
        self.assertEqual(built("_lzma").PRESET_EXTREME, lzma.PRESET_EXTREME)

    def test_a_call_raises_and_is_noted(self):
        calls.forget()
        with self.assertRaisesRegex(NotImplementedError, "^winreg.OpenKey is not available in the test sandbox: "):
            built("winreg").OpenKey(1, "key")
        self.assertEqual(calls.noted(), "winreg.OpenKey was called and is not available here")
        calls.forget()
        self.assertEqual(calls.noted(), "")

    def test_errors_keep_their_bases(self):
        ssl = built("_ssl")
        self.assertTrue(issubclass(ssl.SSLCertVerificationError, (ssl.SSLError, ValueError)))
        self.assertTrue(issubclass(ssl.SSLError, OSError))
        self.assertEqual(str(ssl.SSLError(1, "text")), "text")

    def test_classes_can_be_derived_from(self):
        class Wide(built("_curses").window):
            pass

        with self.assertRaisesRegex(NotImplementedError, "curses.window is not available"):
            Wide()


class Guards(unittest.TestCase):
    def guarded(self, source):
        import ast

        line = next(i for i, text in enumerate(source.splitlines(), 1) if "import winreg" in text)
        return any(finder._guards(node, line) for node in ast.walk(ast.parse(source)))

    def test_finds_what_handles_a_missing_module(self):
        self.assertTrue(self.guarded("try:\n  import winreg\nexcept ImportError: pass"))
        self.assertTrue(self.guarded("try:\n  import winreg\nexcept (OSError, ModuleNotFoundError): pass"))
        self.assertTrue(self.guarded("try:\n  import winreg\nexcept: pass"))
        self.assertTrue(self.guarded("with suppress(ImportError):\n  import winreg"))

    def test_other_handlers_do_not_count(self):
        self.assertFalse(self.guarded("import winreg"))
        self.assertFalse(self.guarded("try:\n  import winreg\nexcept KeyError: pass"))
        self.assertFalse(self.guarded("try:\n  pass\nexcept ImportError:\n  import winreg"))
        self.assertFalse(self.guarded("with open('x'):\n  import winreg"))


class Mapping(unittest.TestCase):
    def test_does_what_the_real_module_does(self):
        self.assertEqual(self.used(built("mmap").mmap), self.used(mmap.mmap))

    def used(self, kind):
        """Returns everything that a use of a mapped file shows, errors included."""
        seen = []
        with tempfile.TemporaryFile() as file:
            file.write(b"first line\nsecond line\n")
            file.flush()
            with kind(file.fileno(), 0) as data:
                seen += [len(data), data[0], data[2:5], data.readline(), data.tell()]
                seen += [data.find(b"line"), data.rfind(b"line")]
                data[:5] = b"FIRST"
                data.seek(-5, os.SEEK_END)
                seen += [data.write(b"LINE"), data.read(), data.read(), data[:]]
                data.move(0, 6, 4)
                seen += map(self.error_of, (lambda: data.seek(99), lambda: data.write(b"x"), data.read_byte))
                seen.append(self.error_of(lambda: data[99]))
                seen.append(self.error_of(lambda: data.__setitem__(slice(0, 2), b"long")))
                data.flush()
            file.seek(0)
            seen += [file.read(), self.error_of(lambda: data[0])]
            with kind(file.fileno(), 5, access=mmap.ACCESS_READ) as data:
                seen += [data[:], self.error_of(lambda: data.__setitem__(0, 1)), list(data)]
            seen.append(self.error_of(lambda: kind(file.fileno(), 999, access=mmap.ACCESS_READ)))
        with kind(-1, 8) as data:
            data.write_byte(65)
            seen += [data[:], b"A" in data]
        return seen

    @staticmethod
    def error_of(act):
        try:
            act()
        except Exception as e:
            return type(e).__name__


if __name__ == "__main__":
    unittest.main()
