import io
import linecache
import os
import tokenize


def first_line(path):
    return linecache.getline(str(path), 1).rstrip("\n")


def encoding_of(path):
    with tokenize.open(path) as file:
        return file.encoding


def checksum(path):
    with io.FileIO(path) as raw:
        return sum(raw.readall()) % 256


def copy_by_descriptor(source, target):
    fd = os.open(source, os.O_RDONLY)
    try:
        data = b""
        while part := os.read(fd, 4):
            data += part
    finally:
        os.close(fd)
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)


def through_pipe(data):
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        return file.read()
