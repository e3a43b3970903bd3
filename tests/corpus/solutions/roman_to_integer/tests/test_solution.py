import unittest

from solution import to_integer


class TestRoman(unittest.TestCase):
    def test_samples(self):
        for text, number in {"III": 3, "IV": 4, "XLII": 42, "MCMXCIV": 1994, "MMXXVI": 2026}.items():
            with self.subTest(text):
                self.assertEqual(to_integer(text), number)

    def test_unknown_letter(self):
        self.assertRaises(KeyError, to_integer, "Q")
