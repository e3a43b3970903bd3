import json
import unittest

from edge_cases import run
from phasegate_plugin import Failure
from phasegate_plugin.testing import FakeHost

TASK = {"task_id": "T-1", "description": "Write a slug function.", "requirements": ["Lower case.", "No empty slug."]}


def answer(given: str, expected: str) -> str:
    return json.dumps({"cases": [{"input": given, "expected": expected, "why": "a boundary"}]})


def host(task: dict = TASK) -> FakeHost:
    return FakeHost().input("task_requirements", "task_requirements", task)


def submitted(host: FakeHost) -> dict:
    return json.loads(host.run(run).artifacts[0].content)


class EdgeCases(unittest.TestCase):
    def test_asks_once_for_each_requirement(self):
        scripted = host().answer("edge-cases/R1", answer("A", "a")).answer("edge-cases/R2", answer("-", "ValueError"))
        cases = submitted(scripted)["cases"]
        self.assertEqual([case["requirement"] for case in cases], ["R1", "R2"])
        self.assertEqual([request.label for request in scripted.requests], ["edge-cases/R1", "edge-cases/R2"])

    def test_requirements_that_disagree_are_named(self):
        scripted = host().answer("edge-cases/R1", answer("", "''")).answer("edge-cases/R2", answer(" ", "ValueError"))
        expected = {"R1": "''", "R2": "ValueError"}
        self.assertEqual(submitted(scripted)["contradictions"], [{"input": "", "expected": expected}])

    def test_vague_results_are_repaired(self):
        scripted = (
            host({**TASK, "requirements": ["Lower case."]})
            .answer("edge-cases/R1", answer("É", "is handled gracefully"))
            .answer("edge-cases/R1/repair", answer("É", "e"))
        )
        self.assertEqual(submitted(scripted)["cases"][0]["expected"], "e")

    def test_a_task_without_requirements_fails(self):
        with self.assertRaisesRegex(Failure, "the task has no requirements"):
            host({**TASK, "requirements": []}).run(run)


if __name__ == "__main__":
    unittest.main()
