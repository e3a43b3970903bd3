"""Gives `_socket` the numbers of Linux. Addresses are converted by the C library below, whose address families have others.

Call it before `socket` is imported. There is no network, so that no other call passes a number on.
"""

import functools
import sys

from .build import set_numbers

_CONVERTED = ("AF_INET", "AF_INET6")
_UNKNOWN = -1


def install():
    module = sys.modules["_socket"]
    below = {name: getattr(module, name) for name in _CONVERTED}
    set_numbers(module)
    families = {getattr(module, name): number for name, number in below.items()}
    for name in ("inet_ntop", "inet_pton"):
        setattr(module, name, _for_families(getattr(module, name), families))


def _for_families(convert, families: dict[int, int]):
    @functools.wraps(convert)
    def converted(family, address, /):
        return convert(families.get(family, _UNKNOWN), address)

    return converted
