import unittest

from phasegate_plugin import GateFailure, PastAttempt
from strategy import decide


def phase_after(failed_before: int) -> str:
    failure = GateFailure(
        gate="code-review",
        attempt=failed_before + 1,
        attempts_left=3,
        may_revise=["design", "code"],
        history=[PastAttempt([], [])] * failed_before,
    )
    return decide(failure).revisions[0].phase


class LastPhaseFirst(unittest.TestCase):
    def test_earlier_phases_revise_after_some_attempts(self):
        self.assertEqual([phase_after(n) for n in (0, 1, 2, 9)], ["code", "code", "design", "design"])


if __name__ == "__main__":
    unittest.main()
