import json
import unittest

from agent import run
from phasegate_plugin.testing import FakeHost

TASK = {"task_id": "T-1", "description": "Write a median function."}


class Summary(unittest.TestCase):
    def test_asks_for_a_repair_of_an_empty_summary(self):
        host = (
            FakeHost()
            .input("task_requirements", "task_requirements", TASK)
            .answer("summary", '{"summary": "", "questions": []}')
            .answer("summary/repair", '{"summary": "A median function.", "questions": ["Empty lists?"]}')
        )
        submission = host.run(run)
        summary = json.loads(submission.artifacts[0].content)
        self.assertEqual(summary["questions"], ["Empty lists?"])
        self.assertEqual([request.label for request in host.requests], ["summary", "summary/repair"])


if __name__ == "__main__":
    unittest.main()
