"""`hashlib.pbkdf2_hmac` and `hashlib.scrypt` without OpenSSL. They are much slower than there."""

import hashlib
import struct

__tracebackhide__ = True

_MASK = 0xFFFFFFFF
_MAX_BLOCKS = (1 << 32) - 1


def pbkdf2_hmac(hash_name, password, salt, iterations, dklen=None):
    """Derives a key as RFC 8018 describes."""
    if not isinstance(hash_name, str):
        raise TypeError("pbkdf2_hmac() argument 'hash_name' must be str")
    password, salt = bytes(memoryview(password)), bytes(memoryview(salt))
    if iterations < 1:
        raise ValueError("iteration value must be greater than 0.")
    inner, outer = _keyed(hash_name, password)
    size = inner.digest_size
    if dklen is None:
        dklen = size
    if dklen < 1:
        raise ValueError("key length must be greater than 0.")
    if dklen > size * _MAX_BLOCKS:
        raise OverflowError("key length is too great.")
    blocks = range(1, -(-dklen // size) + 1)
    return b"".join(_pbkdf2_block(inner, outer, salt + n.to_bytes(4, "big"), iterations) for n in blocks)[:dklen]


def _keyed(hash_name, key):
    """Returns the two hashes of HMAC that have taken the key."""
    try:
        new = hashlib.new(hash_name)
    except ValueError:
        raise ValueError(f"unsupported hash type {hash_name}") from None
    if not new.digest_size:
        raise ValueError(f"unsupported hash type {hash_name}")
    if len(key) > new.block_size:
        key = hashlib.new(hash_name, key).digest()
    key = key.ljust(new.block_size, b"\0")
    inner, outer = new, hashlib.new(hash_name)
    inner.update(key.translate(bytes(n ^ 0x36 for n in range(256))))
    outer.update(key.translate(bytes(n ^ 0x5C for n in range(256))))
    return inner, outer


def _pbkdf2_block(inner, outer, message, iterations):
    copy_inner, copy_outer, as_number = inner.copy, outer.copy, int.from_bytes
    total = 0
    for _ in range(iterations):
        first, second = copy_inner(), copy_outer()
        first.update(message)
        second.update(first.digest())
        message = second.digest()
        total ^= as_number(message, "big")
    return total.to_bytes(inner.digest_size, "big")


def scrypt(password, *, salt, n, r, p, maxmem=0, dklen=64):
    """Derives a key as RFC 7914 describes."""
    password, salt = bytes(memoryview(password)), bytes(memoryview(salt))
    if n < 2 or n & (n - 1):
        raise ValueError("n must be a power of 2.")
    if maxmem < 0 or dklen < 1:
        wrong = "maxmem must be positive" if maxmem < 0 else "dklen must be greater than 0"
        raise ValueError(f"{wrong} and smaller than 2147483647")
    if r < 1 or p < 1 or r * p >= 1 << 30:
        raise ValueError("Invalid parameter combination for n, r, p, maxmem.")
    if 128 * r * (n + p + 2) > (maxmem or 32 << 20):
        raise ValueError("memory limit exceeded")
    mixed = pbkdf2_hmac("sha256", password, salt, 1, p * 128 * r)
    size = 128 * r
    blocks = [_mix(mixed[i : i + size], n, r) for i in range(0, len(mixed), size)]
    return pbkdf2_hmac("sha256", password, b"".join(blocks), 1, dklen)


def _mix(block: bytes, n: int, r: int) -> bytes:
    """Returns ROMix of one block. A part of 64 bytes is four numbers with four words of 32 bits each, 64 bits apart."""
    parts = [_split(block[i : i + 64]) for i in range(0, len(block), 64)]
    kept = []
    for _ in range(n):
        kept.append(parts)
        parts = _mix_block(parts)
    for _ in range(n):
        other = kept[parts[-1][0] & (n - 1)]
        parts = [(a ^ e, b ^ f, c ^ g, d ^ h) for (a, b, c, d), (e, f, g, h) in zip(parts, other, strict=True)]
        parts = _mix_block(parts)
    return b"".join(_join(part) for part in parts)


# The diagonals of the matrix that Salsa20 works on.
_DIAGONALS = ((0, 5, 10, 15), (4, 9, 14, 3), (8, 13, 2, 7), (12, 1, 6, 11))
_LANES = sum(_MASK << 64 * n for n in range(4))


def _split(data: bytes):
    words = struct.unpack("<16I", data)
    return tuple(sum(words[w] << 64 * n for n, w in enumerate(diagonal)) for diagonal in _DIAGONALS)


def _join(part) -> bytes:
    words = [0] * 16
    for number, diagonal in zip(part, _DIAGONALS, strict=True):
        for n, w in enumerate(diagonal):
            words[w] = number >> 64 * n & _MASK
    return struct.pack("<16I", *words)


def _mix_block(parts):
    last = parts[-1]
    mixed = []
    for part in parts:
        last = _salsa(*last, *part)
        mixed.append(last)
    return mixed[::2] + mixed[1::2]


def _salsa(a, b, c, d, e, f, g, h, m=_LANES):
    """Returns Salsa20/8 of the sum modulo 2 of two parts."""
    p, q, r, s = a, b, c, d = a ^ e, b ^ f, c ^ g, d ^ h
    for _ in range(8):
        t = a + d & m
        b ^= (t << 7 | t >> 25) & m
        t = b + a & m
        c ^= (t << 9 | t >> 23) & m
        t = c + b & m
        d ^= (t << 13 | t >> 19) & m
        t = d + c & m
        a ^= (t << 18 | t >> 14) & m
        # The rows of the matrix, as diagonals; then its columns again.
        b, c, d = d >> 64 | (d << 192) & m, c >> 128 | (c << 128) & m, b >> 192 | (b << 64) & m
    return a + p & m, b + q & m, c + r & m, d + s & m
