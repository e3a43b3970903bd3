"""The standard streams as descriptors 0, 1 and 2: reading gives nothing, and what is written is captured as output.

`write` sends bytes to the capture of `capfd` while that fixture is active, otherwise to the test's captured output.
"""

import errno
import os

from .errors import os_error
from .nodes import Device

# The kernel's device numbers.
_NUMBERS = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9)}

_receivers = {1: [], 2: []}


def send_to(number: int, receiver):
    """Gives what is written to descriptor 1 or 2 to `receiver(data)` until `stop_sending`; the latest one counts."""
    _receivers[number].append(receiver)


def stop_sending(number: int, receiver):
    if receiver in _receivers[number]:
        _receivers[number].remove(receiver)


def write(number: int, data) -> int:
    if _receivers[number]:
        _receivers[number][-1](bytes(data))
    return len(data)


def devices(tree) -> dict:
    """Returns the nodes of `/dev`, by name."""
    numbers = {name: major << 8 | minor for name, (major, minor) in _NUMBERS.items()}
    nodes = {
        "null": Device(tree, numbers["null"], lambda count: b""),
        "zero": Device(tree, numbers["zero"], bytes),
        "full": Device(tree, numbers["full"], bytes, _refuse_space),
        "random": Device(tree, numbers["random"], os.urandom),
        "urandom": Device(tree, numbers["urandom"], os.urandom),
        "stdin": Device(tree, numbers["null"], lambda count: b"", seekable=False),
    }
    for number, name in ((1, "stdout"), (2, "stderr")):
        nodes[name] = Device(tree, numbers["null"], lambda count: b"", lambda data, n=number: write(n, data), False)
    return nodes


def _refuse_space(data):
    raise os_error(errno.ENOSPC)
