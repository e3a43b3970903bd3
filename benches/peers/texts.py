"""The model of the peers: an answer of 2 KB that is different for each call, and costs next to nothing to make."""

import random

ARTIFACT_BYTES = 2_000
WORDS = (
    "about account answer batch before between branch cache call change check client close code column commit contract "
    "copy count create data default delete design empty error event field file first folder format given index input "
    "interface item last length limit line list lock memory message method model module name number open option order "
    "output page path phase plan queue read record request result retry return review row schema server state step store "
    "table task test text time type update user value with"
).split()

_random = random.Random(1)
_TEXT = " ".join(_random.choice(WORDS) for _ in range(50_000))
_calls = 0


def answer() -> str:
    """Returns the next answer: a number that no other call gets, and words."""
    global _calls
    _calls += 1
    start = (_calls * 7919) % (len(_TEXT) - ARTIFACT_BYTES)
    number = f"{_calls:08d} "
    return number + _TEXT[start : start + ARTIFACT_BYTES - len(number)]
