import unittest

from came_back import decide
from phasegate_plugin import AskAPerson, GateFailure, GiveUp, Issue, Location, PastAttempt, Revise


def issue(number: int, path: str = "slug.py", phase: str = "code") -> Issue:
    return Issue(
        id=f"test#{number}/1",
        severity="high",
        category="correctness",
        defect_type="conventional_code_bug",
        phase_injected=phase,
        description="An empty title gives an empty slug.",
        evidence="slugify('') == ''",
        impact="The address has no name.",
        location=Location(path),
    )


def failure(*past: Issue, **fields) -> GateFailure:
    history = [PastAttempt([old], ["code"]) for old in past]
    standard = {"issues": [issue(9)], "attempts_left": 2, "may_revise": ["planning", "design", "code"]}
    return GateFailure(**{"gate": "test", "attempt": len(past) + 1, "history": history, **standard, **fields})


def revised(failure: GateFailure) -> list[str]:
    decision = decide(failure)
    assert isinstance(decision, Revise)
    return [revision.phase for revision in decision.revisions]


class CameBack(unittest.TestCase):
    def test_a_returning_issue_goes_further_back(self):
        self.assertEqual(revised(failure()), ["code"])
        self.assertEqual(revised(failure(issue(1))), ["design"])
        self.assertEqual(revised(failure(issue(1), issue(2))), ["planning"])

    def test_other_issues_do_not_count(self):
        self.assertEqual(revised(failure(issue(1, path="other.py"), issue(2, phase="design"))), ["code"])

    def test_a_person_decides_in_the_end(self):
        decision = decide(failure(issue(1), issue(2), issue(3)))
        assert isinstance(decision, AskAPerson)
        self.assertIn("came back more than 2 times: test#9/1 (3 times): An empty title", decision.why)

    def test_issues_are_sorted_by_phase(self):
        issues = [issue(1), issue(2, phase="design"), issue(3, phase="unknown")]
        decision = decide(failure(issues=issues))
        assert isinstance(decision, Revise)
        ids = {revision.phase: revision.issue_ids for revision in decision.revisions}
        self.assertEqual(ids, {"design": ["test#2/1"], "code": ["test#1/1", "test#3/1"]})

    def test_remarks_and_ends(self):
        decision = decide(failure(issues=[], person_words="Too slow."))
        assert isinstance(decision, Revise)
        self.assertIn("Remark of a person: Too slow.", decision.revisions[0].instructions)
        self.assertIsInstance(decide(failure(attempts_left=0)), GiveUp)
        self.assertIsInstance(decide(failure(may_revise=[])), AskAPerson)


if __name__ == "__main__":
    unittest.main()
