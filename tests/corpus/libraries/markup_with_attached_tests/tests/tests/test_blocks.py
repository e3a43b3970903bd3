import unittest

import tinydown

BLOCKS = {
    "heading": ("# A *b*", "<h1>A <b>b</b></h1>"),
    "list": ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
    "paragraphs": ("a\nb\n\n\nc", "<p>a\nb</p>\n<p>c</p>"),
    "empty": ("\n\n", ""),
    "four": ("#### x", "<p>#### x</p>"),
}


class BlockTests(unittest.TestCase):
    maxDiff = None


def add(name, source, expected):
    def test(self):
        self.assertEqual(tinydown.render(source), expected)

    test.__name__ = f"test_{name}"
    setattr(BlockTests, test.__name__, test)


for name, (source, expected) in BLOCKS.items():
    add(name, source, expected)


def make_suite(prefix):
    def test_prefix(self):
        self.assertTrue(tinydown.render("x").startswith(prefix))

    return type("Made", (unittest.TestCase,), {"test_prefix": test_prefix})


TestParagraph = make_suite("<p>")
