import fractions
import itertools
import operator
import pickle
import unittest

from fractions_own import Fraction

NUMBERS = range(-3, 4)


def setUpModule():
    TestArithmetic.prepared = True


def tearDownModule():
    TestArithmetic.prepared = False


class TestArithmetic(unittest.TestCase):
    prepared = False

    def setUp(self):
        self.assertTrue(self.prepared)
        self.pairs = list(itertools.product(NUMBERS, [1, 2, -3], NUMBERS, [1, 4]))

    def check(self, function):
        for a, b, c, d in self.pairs:
            with self.subTest(a=a, b=b, c=c, d=d):
                mine = function(Fraction(a, b), Fraction(c, d))
                standard = function(fractions.Fraction(a, b), fractions.Fraction(c, d))
                self.assertEqual((mine.top, mine.bottom), (standard.numerator, standard.denominator))

    def test_add(self):
        self.check(operator.add)

    def test_sub(self):
        self.check(operator.sub)

    def test_mul(self):
        self.check(operator.mul)

    def test_division(self):
        self.pairs = [pair for pair in self.pairs if pair[2]]
        self.check(operator.truediv)

    def test_mixed(self):
        self.assertEqual(Fraction(1, 2) + 1, Fraction(3, 2))
        self.assertEqual(1 + Fraction(1, 2), Fraction(3, 2))


class TestComparison(unittest.TestCase):
    def test_equal(self):
        self.assertEqual(Fraction(2, 4), Fraction(-1, -2))
        self.assertNotEqual(Fraction(1, 2), "1/2")

    def test_order(self):
        self.assertLess(Fraction(1, 3), Fraction(1, 2))
        self.assertEqual(sorted([Fraction(1, 2), Fraction(-1)]), [-1, Fraction(1, 2)])

    def test_hash_is_that_of_an_equal_integer(self):
        self.assertEqual(hash(Fraction(6, 2)), hash(3))
        self.assertCountEqual({Fraction(1, 2), Fraction(2, 4)}, [Fraction(1, 2)])


class TestText(unittest.TestCase):
    samples = [("1/2", 1, 2), ("-4/6", -2, 3), ("7", 7, 1)]

    def test_parse(self):
        for text, top, bottom in self.samples:
            with self.subTest(text):
                made = Fraction.parse(text)
                self.assertEqual((made.top, made.bottom), (top, bottom))

    def test_zero(self):
        with self.assertRaises(ZeroDivisionError) as caught:
            Fraction(1, 0)
        self.assertIn("Fraction(1, 0)", str(caught.exception))

    def test_repr_and_pickle(self):
        made = Fraction(2, -4)
        self.assertEqual(repr(made), "Fraction(-1, 2)")
        self.assertEqual(pickle.loads(pickle.dumps(made)), made)

    @unittest.skipUnless(hasattr(Fraction, "limit_denominator"), "not supported")
    def test_limit(self):
        self.assertEqual(Fraction(1, 3).limit_denominator(2), Fraction(1, 2))


def load_tests(loader, standard, pattern):
    suite = unittest.TestSuite()
    for kind in (TestArithmetic, TestComparison, TestText):
        suite.addTests(loader.loadTestsFromTestCase(kind))
    return suite


if __name__ == "__main__":
    unittest.main()
