"""Reports an exception that is a bug of the plugin, with the author's file and line."""

import sys
import traceback

from . import host
from .texts import size

MAX_BYTES = 8_000


def report(error: BaseException) -> None:
    """Writes the traceback to the host's log, one line each, the innermost frames if it is long."""
    for line in traceback_lines(error):
        host.log(line, "error")
    # The runtime would print the same traceback.
    sys.excepthook = lambda *_: None


def traceback_lines(error: BaseException) -> list[str]:
    lines = "".join(traceback.format_exception(error)).splitlines()
    kept: list[str] = []
    left = MAX_BYTES
    for line in reversed(lines):
        left -= size(line) + 1
        if left < 0:
            break
        kept.append(line)
    left_out = len(lines) - len(kept)
    return ([f"… ({left_out} lines of the traceback left out)"] if left_out else []) + kept[::-1]
