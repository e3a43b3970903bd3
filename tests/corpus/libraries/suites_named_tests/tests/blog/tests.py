import unittest

from blog.models import Post
from blog.views import listing


class PostTests(unittest.TestCase):
    def test_slug(self):
        self.assertEqual(Post("Hello, World!").slug, "hello-world")

    def test_summary(self):
        self.assertEqual(Post("a", "one two three").summary(2), "one two…")
        self.assertEqual(Post("a", "one two").summary(2), "one two")

    def test_tags_are_not_shared(self):
        Post("a").tags.add("x")
        self.assertEqual(Post("b").tags, set())


class ViewTests(unittest.TestCase):
    def test_listing(self):
        posts = [Post("b", tags={"x"}), Post("a")]
        self.assertEqual(listing(posts), ["a", "b"])
        self.assertEqual(listing(posts, "x"), ["b"])
