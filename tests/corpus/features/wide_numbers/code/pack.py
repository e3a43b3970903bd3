import struct
import zlib


def frame(kind, body):
    """One byte for the kind, four for the length, the body, and a checksum."""
    head = struct.pack(">BI", kind, len(body))
    return head + body + struct.pack(">I", zlib.crc32(head + body))


def unframe(data):
    kind, length = struct.unpack_from(">BI", data)
    body = data[5 : 5 + length]
    (check,) = struct.unpack_from(">I", data, 5 + length)
    if check != zlib.crc32(data[: 5 + length]):
        raise ValueError("checksum")
    return kind, body


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = ((value ^ byte) * 0x100000001B3) % 2**64
    return value
