"""Attaches one test for each line of the files in `cases/` to a class."""

import re
from pathlib import Path

CASES = Path(__file__).parent / "cases"


def from_file(name):
    def decorate(kind):
        for number, line in enumerate((CASES / name).read_text(encoding="utf-8").splitlines(), 1):
            source, _, expected = line.partition(" => ")
            words = re.sub(r"\W+", "_", source).strip("_")[:20]
            setattr(kind, f"test_{number:02}_{words}", _make(source, expected))
        return kind

    return decorate


def _make(source, expected):
    def test(self):
        assert self.convert(source) == expected

    test.__doc__ = f"{source} becomes {expected}"
    return test
