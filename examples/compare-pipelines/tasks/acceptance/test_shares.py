"""What must hold of `shares`, whoever writes it. No agent sees this file."""

import pytest

from shares import split


@pytest.mark.parametrize(("cents", "people"), [(100, 3), (2, 4), (0, 5), (1, 1), (99, 7)])
def test_shares_add_up_and_differ_by_a_cent_at_most(cents, people):
    shares = split(cents, people)
    assert len(shares) == people
    assert sum(shares) == cents
    assert max(shares) - min(shares) <= 1
    assert shares == sorted(shares, reverse=True)


def test_nobody_cannot_share():
    with pytest.raises(ValueError):
        split(100, 0)
