"""The compression formats that the component lacks. Data of another format is told apart: code tries each in turn."""

from .calls import refusal


def bz2(names):
    names["BZ2Decompressor"] = _decompressor("bz2.BZ2Decompressor", [b"BZh"], OSError, "Invalid data stream")


def lzma(names):
    error, unknown = names["LZMAError"], "Input format not supported by decoder"
    names["LZMADecompressor"] = _decompressor("lzma.LZMADecompressor", [b"\xfd7zXZ\0", b"]\0\0"], error, unknown)
    names["is_check_supported"] = lambda check: check in (0, 1, 4, 10)
    # Too large for the numbers of a 32-bit interpreter's own module, but not for a Python number.
    names["FILTER_LZMA1"] = 0x4000000000000001


def zstd(names):
    error, unknown = names["ZstdError"], "Unable to decompress Zstandard data: Unknown frame descriptor"
    names["ZstdDecompressor"] = _decompressor("compression.zstd.ZstdDecompressor", [b"(\xb5/\xfd"], error, unknown)
    names["set_parameter_types"] = lambda *types: None


def _decompressor(name: str, starts: list[bytes], error: type, unknown: str) -> type:
    """Returns a class that can be constructed, and refuses only data of its own format."""
    module, _, own = name.rpartition(".")

    def decompress(self, data, max_length=-1):
        __tracebackhide__ = True
        self._seen += bytes(data)
        if any(self._seen.startswith(start) for start in starts):
            raise refusal(name)
        if self._seen and not any(start.startswith(self._seen) for start in starts):
            raise error(unknown)
        return b""

    def __init__(self, *args, **kwargs):
        self._seen = b""

    members = {
        "__module__": module,
        "__init__": __init__,
        "decompress": decompress,
        "eof": False,
        "needs_input": True,
        "unused_data": b"",
        "check": -1,
    }
    return type(own, (), members)
