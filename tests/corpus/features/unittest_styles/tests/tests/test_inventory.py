import logging
import unittest
import warnings

from inventory import Inventory


class Base(unittest.TestCase):
    stock = {}

    def setUp(self):
        self.inventory = Inventory()
        for name, count in self.stock.items():
            self.inventory.add(name, count)


class TestAdd(Base):
    def test_counts(self):
        for count in (1, 2, 3):
            with self.subTest(count=count):
                inventory = Inventory()
                inventory.add("nail", count)
                self.assertEqual(inventory.counts, {"nail": count})

    def test_refused(self):
        with self.assertRaisesRegex(ValueError, "not 0"):
            self.inventory.add("nail", 0)

    @unittest.skip("not yet")
    def test_skipped(self):
        self.fail("never")

    @unittest.expectedFailure
    def test_expected_failure(self):
        self.assertEqual(self.inventory.counts, {"nail": 1})

    def test_logs(self):
        with self.assertLogs("stock", level="INFO") as caught:
            logging.getLogger("stock").info("added")
        self.assertEqual(caught.output, ["INFO:stock:added"])

    def test_warns(self):
        with self.assertWarns(DeprecationWarning):
            warnings.warn("old", DeprecationWarning)


class TestReserve(Base, unittest.IsolatedAsyncioTestCase):
    stock = {"nail": 2}

    async def test_reserve(self):
        self.assertEqual(await self.inventory.reserve("nail"), 1)

    async def test_nothing_left(self):
        with self.assertRaises(LookupError):
            await self.inventory.reserve("screw")


class TestLife(unittest.TestCase):
    events = []

    @classmethod
    def setUpClass(cls):
        cls.events.append("class")
        cls.addClassCleanup(cls.events.clear)

    def setUp(self):
        self.events.append("test")
        self.addCleanup(self.events.append, "cleanup")

    def test_order(self):
        self.assertEqual(self.events, ["class", "test"])
