"""Reports an exception that is a bug of the plugin, with the author's file and line."""

import re
import sys
import traceback

from . import host
from .texts import size

MAX_BYTES = 8_000
MOUNTED = re.compile(r"^/\d+/")


def report(error: BaseException) -> None:
    """Writes the traceback to the host's log, one line each, the innermost frames if it is long. The last line is the reason
    that the host records.
    """
    for line in [*traceback_lines(error), f"panic: {summary(error)}"]:
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


def summary(error: BaseException) -> str:
    """The exception, with the line of the plugin's own code that is nearest to it."""
    words = "".join(traceback.format_exception_only(error)).strip()
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "phasegate_plugin" not in frame.filename]
    # In a component, the folders of the modules are numbered: `/0/agent.py`.
    return f"{words} ({MOUNTED.sub('', own[-1].filename)}:{own[-1].lineno})" if own else words
