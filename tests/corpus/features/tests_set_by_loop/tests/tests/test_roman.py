import pathlib
import unittest

from roman import roman

SAMPLES = pathlib.Path(__file__).parent.parent.joinpath("samples.txt").read_text().split("\n")


class TestRoman(unittest.TestCase):
    pass


def make(number, expected):
    def test(self):
        self.assertEqual(roman(number), expected)

    return test


for line in filter(None, SAMPLES):
    number, expected = line.split()
    setattr(TestRoman, f"test_{number}", make(int(number), expected))
