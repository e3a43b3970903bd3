"""`os.fwalk`, which the component's `os` does not define."""

import os
import stat

__tracebackhide__ = True


def fwalk(top=".", topdown=True, onerror=None, *, follow_symlinks=False, dir_fd=None):
    """Yields path, folders, other names and an open descriptor for each folder below `top`."""
    try:
        before = os.stat(top, follow_symlinks=False, dir_fd=dir_fd)
        fd = os.open(top, os.O_RDONLY, dir_fd=dir_fd)
    except OSError as e:
        if onerror is not None:
            onerror(e)
        return
    try:
        if follow_symlinks or (stat.S_ISDIR(before.st_mode) and os.path.samestat(before, os.stat(fd))):
            yield from _walk(fd, top, topdown, onerror, follow_symlinks)
    finally:
        os.close(fd)


def _walk(fd, path, topdown, onerror, follow_symlinks):
    with os.scandir(fd) as entries:
        listed = list(entries)
    folders = [entry.name for entry in listed if entry.is_dir()]
    others = [entry.name for entry in listed if not entry.is_dir()]
    if topdown:
        yield path, folders, others, fd
    for name in folders:
        below = fwalk(name, topdown, onerror, follow_symlinks=follow_symlinks, dir_fd=fd)
        for inner, *rest in below:
            yield os.path.join(path, inner), *rest
    if not topdown:
        yield path, folders, others, fd
