import pathlib
import sys

_VENDOR = str(pathlib.Path(__file__).parent / "_vendor")
if _VENDOR not in sys.path:
    sys.path.insert(0, _VENDOR)

import tinyslug  # noqa: E402


def permalink(title):
    return "/posts/" + tinyslug.slug(title)
