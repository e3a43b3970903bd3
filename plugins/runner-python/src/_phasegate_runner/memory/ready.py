"""`select.select` on descriptors of the memory tree. Only pipes can be not ready."""

import select
import selectors
import time

from ..builtin import as_builtin
from .descriptors import PipeEnd
from .state import DESCRIPTORS

__tracebackhide__ = True

WAITS_FOREVER = "deadlock: this waits for pipes that are not ready, and nothing else runs that could use them"


def select_(rlist, wlist, xlist, timeout=None, /):
    """Replaces `select.select`. A wait with a timeout passes on the virtual clock."""
    if timeout is not None and timeout < 0:
        raise ValueError("timeout must be non-negative")
    readable = [f for f in rlist if _is_readable(_descriptor_of(f))]
    writable = [f for f in wlist if _is_writable(_descriptor_of(f))]
    for f in xlist:
        DESCRIPTORS.get(_descriptor_of(f))
    if not readable and not writable:
        if timeout is None:
            raise RuntimeError(WAITS_FOREVER)
        time.sleep(timeout)
        # Another thread or the handler of a signal may have used a pipe.
        readable = [f for f in rlist if _is_readable(_descriptor_of(f))]
        writable = [f for f in wlist if _is_writable(_descriptor_of(f))]
    return readable, writable, []


def _descriptor_of(file) -> int:
    fd = file if isinstance(file, int) else file.fileno()
    if fd < 0:
        raise ValueError(f"file descriptor cannot be a negative integer ({fd})")
    return fd


def _is_readable(fd: int) -> bool:
    opened = DESCRIPTORS.get(fd)
    return not isinstance(opened, PipeEnd) or bool(opened.node.data) or not opened.node.writers


def _is_writable(fd: int) -> bool:
    DESCRIPTORS.get(fd)
    return True


def install():
    select.select = as_builtin(select_)
    selectors.SelectSelector._select = staticmethod(select_)
    selectors.DefaultSelector = selectors.SelectSelector
