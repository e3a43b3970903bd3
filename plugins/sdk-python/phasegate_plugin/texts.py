"""Texts as the host and the other SDKs measure them: white space of Unicode, bytes of UTF-8."""

WHITE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"


def trim(text: str) -> str:
    return text.strip(WHITE)


def trim_end(text: str) -> str:
    return text.rstrip(WHITE)


def trim_start(text: str) -> str:
    return text.lstrip(WHITE)


def size(text: str) -> int:
    """Returns the number of bytes."""
    return len(text.encode())


def lines_of(text: str) -> list[str]:
    """Returns the lines without their endings, LF or CRLF. A line break at the end begins no line."""
    *ended, last = text.split("\n")
    lines = [line.removesuffix("\r") for line in ended]
    return lines + [last] if last else lines


def first_bytes(text: str, most: int) -> str:
    """Returns the start of a text of at most this many bytes."""
    return text.encode()[:most].decode(errors="ignore")
