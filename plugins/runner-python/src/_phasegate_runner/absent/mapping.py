"""`mmap` over memory files and anonymous memory. A write goes to the file at once."""

import os


def mmap(names):
    names["mmap"] = type("mmap", (Mapping,), {"__module__": "mmap", "_names": names})


class Mapping:
    def __init__(self, fileno, length, flags=1, prot=3, access=0, offset=0, *, trackfd=True):
        names = self._names
        if length < 0:
            raise OverflowError("memory mapped length must be positive")
        if offset < 0:
            raise OverflowError("memory mapped offset must be positive")
        self._readonly = access == names["ACCESS_READ"] or (not access and not prot & names["PROT_WRITE"])
        is_copy = access == names["ACCESS_COPY"] or (not access and bool(flags & names["MAP_PRIVATE"]))
        self._fd, self._offset, self._position, self.closed = -1, offset, 0, False
        if fileno == -1:
            if length == 0:
                raise ValueError("cannot mmap an empty file")
            self._data = bytearray(length)
            return
        size = os.fstat(fileno).st_size
        if size == 0 and length == 0:
            raise ValueError("cannot mmap an empty file")
        if offset >= size and length == 0 or length and offset + length > size:
            raise ValueError("mmap length is greater than file size")
        self._data = bytearray(_read_at(fileno, offset, length or size - offset))
        if not is_copy and not self._readonly:
            self._fd = _duplicate(fileno)

    def _check(self, writes=False):
        if self.closed:
            raise ValueError("mmap closed or invalid")
        if writes and self._readonly:
            raise TypeError("mmap can't modify a readonly memory map.")

    def _store(self, start, content):
        self._check(writes=True)
        if start + len(content) > len(self._data):
            raise ValueError("data out of range")
        self._data[start : start + len(content)] = content
        if self._fd >= 0:
            before = os.lseek(self._fd, 0, os.SEEK_CUR)
            os.lseek(self._fd, self._offset + start, os.SEEK_SET)
            os.write(self._fd, bytes(content))
            os.lseek(self._fd, before, os.SEEK_SET)

    def __len__(self):
        self._check()
        return len(self._data)

    def __getitem__(self, index):
        self._check()
        found = self._data[index]
        return bytes(found) if isinstance(index, slice) else found

    def __setitem__(self, index, value):
        places = range(*index.indices(len(self._data))) if isinstance(index, slice) else [range(len(self._data))[index]]
        content = bytes(value) if isinstance(index, slice) else bytes([value])
        if len(content) != len(places):
            raise IndexError("mmap slice assignment is wrong size")
        if content and (len(places) == 1 or places.step == 1):
            self._store(places[0], content)
            return
        for i, place in enumerate(places):
            self._store(place, content[i : i + 1])

    def __iter__(self):
        return (self[i : i + 1] for i in range(len(self)))

    def __contains__(self, part):
        return part in self._data

    def __buffer__(self, flags):
        self._check()
        view = memoryview(self._data)
        return view.toreadonly() if self._readonly else view

    def read(self, n=None):
        self._check()
        end = len(self._data) if n is None or n < 0 else self._position + n
        found = bytes(self._data[self._position : end])
        self._position += len(found)
        return found

    def read_byte(self):
        if self._position >= len(self):
            raise ValueError("read byte out of range")
        return self.read(1)[0]

    def readline(self):
        end = self._data.find(b"\n", self._position) + 1
        return self.read((end or len(self)) - self._position)

    def write(self, content):
        content = bytes(content)
        self._store(self._position, content)
        self._position += len(content)
        return len(content)

    def write_byte(self, byte):
        self.write(bytes([byte]))

    def seek(self, pos, whence=0):
        place = pos + (0, self._position, len(self))[whence]
        if not 0 <= place <= len(self):
            raise ValueError("seek out of range")
        self._position = place
        return place

    def tell(self):
        self._check()
        return self._position

    def seekable(self):
        return True

    def size(self):
        self._check()
        return os.fstat(self._fd).st_size if self._fd >= 0 else len(self._data)

    def find(self, sub, start=None, end=None):
        return self._data.find(sub, *self._bounds(start, end))

    def rfind(self, sub, start=None, end=None):
        return self._data.rfind(sub, *self._bounds(start, end))

    def _bounds(self, start, end):
        self._check()
        return self._position if start is None else start, len(self._data) if end is None else end

    def move(self, dest, src, count):
        if min(dest, src, count) < 0 or max(dest, src) + count > len(self):
            raise ValueError("source, destination, or count out of range")
        self._store(dest, bytes(self._data[src : src + count]))

    def resize(self, newsize):
        self._check(writes=True)
        self._data[newsize:] = bytes(max(0, newsize - len(self._data)))
        if self._fd >= 0:
            os.ftruncate(self._fd, self._offset + newsize)

    def flush(self, offset=0, size=None, /):
        self._check()

    def madvise(self, option, start=0, length=None, /):
        self._check()

    def close(self):
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self.closed = -1, True

    def __enter__(self):
        self._check()
        return self

    def __exit__(self, *_):
        self.close()


def _duplicate(fd):
    try:
        return os.dup(fd)
    except OSError:
        return fd


def _read_at(fd, offset, length):
    before = os.lseek(fd, 0, os.SEEK_CUR)
    os.lseek(fd, offset, os.SEEK_SET)
    content = os.read(fd, length)
    os.lseek(fd, before, os.SEEK_SET)
    return content
