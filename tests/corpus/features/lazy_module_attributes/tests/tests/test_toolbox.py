import pytest

import toolbox
from toolbox import parse


def test_parse():
    assert parse("1,2") == [1, 2] == toolbox.parse("1,2")


def test_dir():
    assert dir(toolbox) == ["parse", "plot"]


def test_unknown_name():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        toolbox.nothing


def test_plot_needs_a_library():
    with pytest.raises(ImportError, match="matplotlib"):
        toolbox.plot
