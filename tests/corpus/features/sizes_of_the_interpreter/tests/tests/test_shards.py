from shards import is_64_bit, pages, shard


def test_small_keys():
    assert [shard(key, 4) for key in range(6)] == [0, 1, 2, 3, 0, 1]


def test_large_key():
    assert shard(2**40 + 1, 1000) == (2**40 + 1) % 1000


def test_pages():
    assert len(pages(1000, 300)) == 4


def test_very_many_pages():
    assert len(pages(10**10, 1)) == 10**10


def test_membership_needs_no_length():
    assert 10**9 in pages(10**10, 10)


def test_pointer_size():
    assert is_64_bit()
