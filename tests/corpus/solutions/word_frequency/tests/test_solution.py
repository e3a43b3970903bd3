from solution import top_words


def test_ties_are_in_alphabetical_order():
    assert top_words("b a c b a", 2) == [("a", 2), ("b", 2)]


def test_case_is_ignored():
    assert top_words("The the THE", 1) == [("the", 3)]


def test_apostrophes():
    assert top_words("don't, don't!", 5) == [("don't", 2)]
