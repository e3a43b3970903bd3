import pytest

from textlayout import cell_width, clip, pad

WIDE = ["日本語", "한글", "ｆｕｌｌ", "naïve", "e\u0301", "a\u200db", "", "😀"]


@pytest.mark.parametrize("text, width", zip(WIDE, [6, 4, 8, 5, 1, 2, 0, 2]))
def test_width(text, width):
    assert cell_width(text) == width


@pytest.mark.parametrize("width", range(1, 12))
@pytest.mark.parametrize("text", WIDE)
def test_clip_fits(text, width):
    clipped = clip(text, width)
    assert cell_width(clipped) <= width
    assert text.startswith(clipped.removesuffix("…"))


@pytest.mark.parametrize("side, text", [("left", "日  "), ("right", "  日"), ("centre", " 日 ")])
def test_pad(side, text):
    assert pad("日", 4, side) == text
