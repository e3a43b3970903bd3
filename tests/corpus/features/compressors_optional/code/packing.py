import gzip
import zlib

CODECS = {"zlib": (zlib.compress, zlib.decompress), "gzip": (gzip.compress, gzip.decompress)}
try:
    import bz2
except ImportError:
    bz2 = None
try:
    import lzma
    from lzma import LZMAError
except ImportError:
    lzma = None

    class LZMAError(Exception):
        pass


def codec(name):
    if name == "xz" and lzma is not None:
        return lzma.compress, lzma.decompress
    if name == "bz2" and bz2 is not None:
        return bz2.compress, bz2.decompress
    return CODECS[name]


def pack(data, name="zlib"):
    return name.encode() + b":" + codec(name)[0](data)


def unpack(packed):
    name, data = packed.split(b":", 1)
    try:
        return codec(name.decode())[1](data)
    except (zlib.error, LZMAError, OSError) as error:
        raise ValueError("damaged") from error
