"""What must hold of `slugs`, whoever writes it. No agent sees this file."""

import pytest

from slugs import slug


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("  Ten Things, explained! ", "ten-things-explained"),
        ("Route 66", "route-66"),
        ("a--b__c", "a-b-c"),
        ("?!", "untitled"),
        ("", "untitled"),
    ],
)
def test_titles_become_slugs(title, expected):
    assert slug(title) == expected
