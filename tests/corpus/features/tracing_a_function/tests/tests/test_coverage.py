from coverage_of_lines import lines_of, ranges


def branch():
    value = 1
    if value > 2:
        value = 3
    return value


def test_lines():
    assert lines_of(branch) == [1, 2, 4]


def test_ranges():
    assert ranges([4, 1, 2, 2]) == ["1-2", "4"]
