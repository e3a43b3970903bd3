from wordcount import count


def test_counts_without_case():
    assert count("The cat the dog") == {"the": 2, "cat": 1, "dog": 1}


def test_empty_text():
    assert not count("")
