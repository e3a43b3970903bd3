from frames import hints_are_resolvable, rows


def test_rows():
    assert rows([{"id": 1, "name": "a"}]) == [(1, "a")]


def test_annotations_stay_unresolved():
    assert hints_are_resolvable() == "pd"
