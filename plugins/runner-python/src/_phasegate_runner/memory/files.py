"""`open` and `io.FileIO` on the memory tree."""

import errno
import io
import os
import stat
import warnings

from .errors import os_error
from .state import DESCRIPTORS

# pytest leaves the functions of this file out of tracebacks.
__tracebackhide__ = True

_NOT_BY_LINE = "line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used"
_FLAGS = {
    "r": os.O_RDONLY,
    "w": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
    "a": os.O_WRONLY | os.O_CREAT | os.O_APPEND,
    "x": os.O_WRONLY | os.O_CREAT | os.O_EXCL,
}


class FileIO(io.RawIOBase):
    """Takes the arguments of the real `io.FileIO` and behaves like it."""

    def __init__(self, file, mode="r", closefd=True, opener=None):
        if not self.closed and "_fd" in self.__dict__:
            self.close()
        self._closefd = False
        if not isinstance(mode, str):
            raise TypeError(f"FileIO() argument 'mode' must be str, not {type(mode).__name__}")
        if isinstance(file, float):
            raise TypeError("integer argument expected, got float")
        plain = mode.replace("b", "").replace("+", "")
        if plain not in _FLAGS or len(set(mode)) != len(mode):
            raise ValueError(f"invalid mode: {mode}")
        flags = _FLAGS[plain]
        if "+" in mode:
            flags = flags & ~os.O_WRONLY & ~os.O_RDONLY | os.O_RDWR
        self._plain, self._updates = plain, "+" in mode
        self._fd, self._opened = -1, None
        self.name = file
        self._open(file, flags | os.O_CLOEXEC, closefd, opener)

    def _open(self, file, flags, closefd, opener):
        if isinstance(file, int):
            if file < 0:
                raise ValueError("negative file descriptor")
            fd = file
        elif not closefd:
            raise ValueError("Cannot use closefd=False with file name")
        elif opener is None:
            fd = DESCRIPTORS.open(os.fspath(file), flags, 0o666)
        else:
            fd = opener(file, flags)
            if not isinstance(fd, int):
                raise TypeError("expected integer from opener")
            if fd < 0:
                raise ValueError(f"opener returned {fd}")
        opened = DESCRIPTORS.get(fd)
        if stat.S_ISDIR(opened.node.mode):
            if not isinstance(file, int):
                DESCRIPTORS.close(fd)
            raise os_error(errno.EISDIR, file)
        self._fd, self._opened, self._closefd = fd, opened, closefd
        if self._plain == "a" and opened.seekable:
            opened.seek(0, os.SEEK_END)

    @property
    def mode(self):
        if self._updates:
            return "rb+" if self._plain == "w" else f"{self._plain}b+"
        return f"{self._plain}b"

    @property
    def closefd(self):
        return self._closefd

    def fileno(self):
        self._check()
        return self._fd

    def readable(self):
        self._check()
        return self._plain == "r" or self._updates

    def writable(self):
        self._check()
        return self._plain != "r" or self._updates

    def seekable(self):
        self._check()
        return self._opened.seekable

    def isatty(self):
        self._check()
        return False

    def readinto(self, buffer):
        self._check_readable()
        view = memoryview(buffer).cast("B")
        data = self._attempt(self._descriptor().read, len(view))
        if data is None:
            return None
        view[: len(data)] = data
        return len(data)

    def read(self, size=-1):
        self._check_readable()
        if size is None or size < 0:
            return self.readall()
        return self._attempt(self._descriptor().read, size)

    def readall(self):
        self._check_readable()
        return self._attempt(self._descriptor().read, -1)

    def write(self, data):
        self._check()
        if not self.writable():
            raise io.UnsupportedOperation("File not open for writing")
        if isinstance(data, str):
            raise TypeError("a bytes-like object is required, not 'str'")
        return self._attempt(self._descriptor().write, memoryview(data).cast("B"))

    def seek(self, offset, whence=0):
        self._check()
        return self._descriptor().seek(offset, whence)

    def tell(self):
        self._check()
        return self._descriptor().seek(0, os.SEEK_CUR)

    def truncate(self, size=None):
        self._check()
        if not self.writable():
            raise io.UnsupportedOperation("File not open for writing")
        size = self.tell() if size is None else size
        self._descriptor().truncate(size)
        return size

    def close(self):
        if self.closed:
            return
        fd, self._fd = self.__dict__.get("_fd", -1), -1
        super().close()
        if self._closefd and fd >= 0:
            DESCRIPTORS.close(fd)

    def _descriptor(self):
        return DESCRIPTORS.get(self._fd)

    def _attempt(self, function, argument):
        """Returns None where a non-blocking file has nothing to give."""
        try:
            return function(argument)
        except BlockingIOError:
            return None

    def _check(self):
        if self.closed:
            raise ValueError("I/O operation on closed file")

    def _check_readable(self):
        self._check()
        if not self.readable():
            raise io.UnsupportedOperation("File not open for reading")

    def _dealloc_warn(self, source):
        if self._fd >= 0 and self._closefd and not self.closed:
            warnings.warn(f"unclosed file {source!r}", ResourceWarning, stacklevel=2, source=source)

    def __del__(self):
        if not self.closed:
            if self.__dict__.get("_fd", -1) >= 3:
                self._dealloc_warn(self)
            try:
                self.close()
            except OSError:
                pass

    def __repr__(self):
        if self.closed:
            return "<_io.FileIO [closed]>"
        what = f"name={self.name!r}" if "name" in self.__dict__ else f"fd={self._fd}"
        return f"<_io.FileIO {what} mode={self.mode!r} closefd={self._closefd}>"

    def __getstate__(self):
        raise TypeError("cannot pickle '_io.FileIO' instances")


FileIO.__module__ = "_io"


def open(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None):
    """Opens a file of the memory tree, a descriptor, or what the opener returns; as the built-in function."""
    if not isinstance(file, int):
        file = os.fspath(file)
    if not isinstance(mode, str):
        raise TypeError(f"open() argument 'mode' must be str, not {type(mode).__name__}")
    _check_mode(mode, encoding, errors, newline)
    binary = "b" in mode
    raw = FileIO(file, mode.replace("b", "").replace("t", "").replace("U", ""), closefd, opener)
    try:
        if buffering == 0:
            if not binary:
                raise ValueError("can't have unbuffered text I/O")
            return raw
        buffer = _buffered(raw, mode, buffering)
        if binary:
            return buffer
        text = io.TextIOWrapper(buffer, io.text_encoding(encoding), errors, newline, line_buffering=buffering == 1)
        text.mode = mode
        return text
    except BaseException:
        raw.close()
        raise


def _check_mode(mode, encoding, errors, newline):
    unknown = set(mode) - set("rwxabt+")
    if unknown or len(set(mode)) != len(mode):
        raise ValueError(f"invalid mode: {mode!r}")
    if "b" in mode and "t" in mode:
        raise ValueError("can't have text and binary mode at once")
    if sum(c in mode for c in "rwxa") != 1:
        raise ValueError("must have exactly one of create/read/write/append mode")
    if "b" in mode:
        for name, value in (("encoding", encoding), ("errors", errors), ("newline", newline)):
            if value is not None:
                raise ValueError(f"binary mode doesn't take {'an ' if name != 'newline' else 'a '}{name} argument")


def _buffered(raw, mode, buffering):
    if buffering == 1 and "b" in mode:
        warnings.warn(_NOT_BY_LINE, RuntimeWarning, stacklevel=3)
    size = buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE
    if "+" in mode and raw.seekable():
        return io.BufferedRandom(raw, size)
    if "+" in mode:
        raise io.UnsupportedOperation("File or stream is not seekable.")
    return (io.BufferedReader if "r" in mode else io.BufferedWriter)(raw, size)
