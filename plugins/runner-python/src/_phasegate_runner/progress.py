"""Tells the host which test is running and which have ended, so that results survive a call that the host stops.

Each line begins with `phasegate-progress `, goes to the real standard output and has at most 8,000 bytes. The host reads them
only if the call does not return.
"""

import json
import sys

_MAX_BYTES = 8_000
# A character takes at most six bytes in JSON, or twelve outside the first plane.
_MESSAGE_CHARS = 600
_WORSE = {"passed": 0, "skipped": 1, "failed": 2, "errored": 2}


class Progress:
    """Keeps the output's functions of the time before supplied code runs."""

    def __init__(self):
        self._write, self._flush = sys.__stdout__.write, sys.__stdout__.flush
        self._encode = json.JSONEncoder(check_circular=False).encode
        self._outcome, self._message = "passed", None
        # The line of the test that has ended; it is sent with the next one, because each writing takes a call of the host.
        self._waiting = ""

    def start(self, name: str):
        self._outcome, self._message = "passed", None
        self._waiting += self._line({"started": name})
        self.flush()

    def report(self, name: str, when: str, outcome: str, message: str | None):
        """Takes the result of one stage of a test. The last stage ends it."""
        if _WORSE[outcome] > _WORSE[self._outcome]:
            self._outcome = outcome
        self._message = self._message or message
        if when == "teardown":
            message = self._message[:_MESSAGE_CHARS] if self._message else None
            self._waiting += self._line({"reported": {"name": name, "outcome": self._outcome, "message": message}})

    def flush(self):
        """Sends what waits. Call this when no other test starts."""
        text, self._waiting = self._waiting, ""
        self._write(text)
        self._flush()

    def _line(self, facts) -> str:
        line = f"phasegate-progress {self._encode(facts)}\n"
        return line if len(line) <= _MAX_BYTES else ""
