"""What a run says: plain records, bounded text."""

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
    """The beginning and the end, where what matters stands; what cannot be encoded is escaped."""
    if len(text) > limit:
        # Cut first: what is left out may be larger than what memory is left.
        head = limit * 2 // 3
        tail = limit - head
        text = f"{text[:head]}\n… {len(text) - limit} characters left out …\n{text[-tail:]}"
    return text.encode("utf-8", "backslashreplace").decode()
