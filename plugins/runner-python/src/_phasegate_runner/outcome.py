"""Records of a test run, and the limits of their text in characters."""

from dataclasses import dataclass, field

MESSAGE_CHARS = 6_000
OUTPUT_CHARS = 16_000
ALL_OUTPUT_CHARS = 512_000


@dataclass
class Case:
    name: str
    outcome: str  # "passed", "failed", "errored" or "skipped"
    message: str | None = None
    output: str = ""


@dataclass
class Run:
    build_errors: list[str] = field(default_factory=list)
    tests: list[Case] = field(default_factory=list)


def bounded(text: str, limit: int) -> str:
    """Returns at most about `limit` characters: the first two thirds and the end. Escapes what UTF-8 cannot encode."""
    if len(text) <= limit and text.isascii():
        return text
    if len(text) > limit:
        # Cut before encoding: the whole text may not fit into memory twice.
        head = limit * 2 // 3
        tail = limit - head
        text = f"{text[:head]}\n… {len(text) - limit} characters left out …\n{text[-tail:]}"
    return text.encode("utf-8", "backslashreplace").decode()
