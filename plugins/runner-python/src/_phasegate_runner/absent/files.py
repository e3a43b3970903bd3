"""`fcntl` on memory files: a lock always succeeds, because no other process holds one."""

import errno
import os

_GET_FLAGS = ("F_GETFD", "F_GETFL", "F_GETOWN")


def fcntl(names):
    def descriptor(file) -> int:
        """Returns the descriptor of an open file; raises as the module written in C."""
        fd = file if isinstance(file, int) else file.fileno()
        if fd < 0:
            raise ValueError(f"file descriptor cannot be a negative integer ({fd})")
        if fd > 2:
            os.fstat(fd)
        return fd

    def flock(fd, operation, /):
        descriptor(fd)

    def lockf(fd, cmd, len=0, start=0, whence=0, /):
        descriptor(fd)
        if not cmd & (names["LOCK_UN"] | names["LOCK_SH"] | names["LOCK_EX"]):
            raise ValueError("unrecognized lockf argument")

    def control(fd, cmd, arg=0, /):
        descriptor(fd)
        if isinstance(arg, (bytes, bytearray, str)):
            return arg if isinstance(arg, bytes) else bytes(arg, "utf-8") if isinstance(arg, str) else bytes(arg)
        if cmd in (names["F_DUPFD"], names["F_DUPFD_CLOEXEC"]):
            return os.dup(fd if isinstance(fd, int) else fd.fileno())
        return names["FD_CLOEXEC"] if cmd == names["F_GETFD"] else 0

    def ioctl(fd, request, arg=0, mutate_flag=True, /):
        descriptor(fd)
        raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")

    names |= {"flock": flock, "lockf": lockf, "fcntl": control, "ioctl": ioctl}
