import unittest

from gate import run
from phasegate_plugin.testing import FakeHost

TASK = {"task_id": "T-1", "description": "Sort the list quickly."}


class Clarity(unittest.TestCase):
    def test_a_blocking_question_is_a_high_issue(self):
        answer = '{"unclear": [{"quote": "quickly", "question": "In what time?", "blocks": true}]}'
        host = FakeHost().input("task_requirements", "task_requirements", TASK).answer("unclear", answer)
        issue = host.run(run).findings.issues[0]
        self.assertEqual((issue.id, issue.severity), ("unclear-1", "high"))
        self.assertEqual(issue.evidence, "the task says `quickly`")


if __name__ == "__main__":
    unittest.main()
