import pkgutil

import about


def test_version_has_a_fallback():
    assert about.VERSION == "unknown"


def test_motto():
    assert about.motto() == "Small steps."


def test_data_of_the_package():
    assert pkgutil.get_data("data_files", "motto.txt") == b"Small steps.\n"
