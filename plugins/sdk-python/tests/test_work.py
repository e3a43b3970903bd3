import unittest
from dataclasses import dataclass

from phasegate_plugin import Failure, Issue, Location, Repository, artifact, read, run_tests, to_json
from phasegate_plugin.artifacts import PostmortemReport, ProcessNotes, ProjectPlan, TestTotals, faults
from phasegate_plugin.testing import FakeHost
from phasegate_plugin.types import BenchError, File, TestCase, TestRun

TASK = {"task_id": "TASK-001", "description": "Add a feature", "requirements": ["It adds"], "unknown": 1}
UNIT = {
    "unit_id": "SU-001",
    "description": "Adds",
    "dependencies": [],
    "api_interactions": 1,
    "data_transformations": 0,
    "logical_branches": 2,
    "code_entities_modified": 1,
    "novelty": 1,
    "est_complexity": 9,
}


@dataclass
class Settings:
    depth: int = 0


class Inputs(unittest.TestCase):
    def reason(self, host, run):
        with self.assertRaises(Failure) as raised:
            host.run(run)
        return raised.exception.input, raised.exception.reason

    def test_missing_and_malformed_inputs_are_named(self):
        host = (
            FakeHost().input("task_requirements", "task_requirements", TASK).input("project_plan", "project_plan", "{}")
        )
        host.input("broken", "text", b"\xff").input("cut", "text", '{"a":')
        self.assertEqual(host.run(lambda work: work.task().requirements), ["It adds"])
        self.assertIsNone(host.run(lambda work: work.optional_record("test_report", ProjectPlan)))
        cases = [
            (lambda work: work.record("project_plan", ProjectPlan), "project_plan", "missing field `task_id`"),
            (lambda work: work.text("broken"), "broken", "it is not UTF-8 text"),
            (lambda work: work.json("cut"), "cut", "EOF while parsing a value at line 1 column 5"),
            (
                lambda work: work.text("secret"),
                "secret",
                "it is not an input of this phase; add it to `reads` in the pipeline",
            ),
        ]
        for run, name, why in cases:
            self.assertEqual(self.reason(host, run), (name, why))

    def test_context_files_and_previous_artifacts(self):
        host = FakeHost().input("context/src/a.py", "text", "a = 1\n").previous("plan", "project_plan", '{"old": 1}')
        self.assertEqual(host.run(lambda work: work.context_files()), [("src/a.py", "a = 1\n")])
        self.assertEqual(host.run(lambda work: work.previous_text("plan")), '{"old": 1}')
        self.assertEqual(host.run(lambda work: work.previous_json("plan")), {"old": 1})
        self.assertIsNone(host.run(lambda work: work.previous_text("test_suite")))
        self.assertEqual(host.run(lambda work: work.process_notes()), ProcessNotes())

    def test_settings_and_environment(self):
        host = FakeHost()
        self.assertEqual(host.run(lambda work: work.settings_as(Settings)), Settings())
        unknown = "Unknown: rely only on the language and its standard library."
        self.assertEqual(host.run(lambda work: work.environment_text()), unknown)
        host.assignment(settings={"depth": "far"}, environment={"python": {"version": "3.14"}})
        self.assertEqual(
            self.reason(host, lambda work: work.settings_as(Settings)),
            (
                None,
                'the plugin\'s settings in the pipeline are invalid: depth: invalid type: string "far", '
                "expected an integer",
            ),
        )
        self.assertEqual(host.run(lambda work: work.settings), {"depth": "far"})
        self.assertIn('"version": "3.14"', host.run(lambda work: work.environment_text()))


class Artifacts(unittest.TestCase):
    def test_written_as_indented_json(self):
        totals = TestTotals(passed=1, failed=0, errored=0, skipped=0)
        inner = '{\n      "passed": 1,\n      "failed": 0,\n      "errored": 0,\n      "skipped": 0\n    }'
        written = artifact("totals", {"für": [totals]}).content.decode()
        self.assertEqual(written, '{\n  "für": [\n    ' + inner + "\n  ]\n}\n")

    def test_read_and_written_again(self):
        plan = {"task_id": "T", "semantic_units": [UNIT], "total_est_complexity": 9}
        plan["estimate"] = {"tokens": 5, "basis": "b", "interval": {"tokens": {"low": 1.5, "high": 2}}}
        self.assertEqual(to_json(read(ProjectPlan, plan)), plan)
        unknown = {"planned": None, "actual": 1.0, "variance_percent": None}
        report = {
            "task_id": "T",
            "estimation_accuracy": dict.fromkeys(["tokens", "usd", "latency_ms", "complexity"], unknown),
            "defect_density": None,
            "defects_injected": {"code": 1},
            "defects_removed": {},
            "phase_yield": {"test": None},
            "cost_of_quality": {
                "appraisal_tokens": 1,
                "failure_tokens": 2,
                "appraisal_usd": None,
                "failure_usd": None,
            },
            "root_causes": [],
            "attempts_per_gate": {"test": 2},
            "summary": "s",
        }
        self.assertEqual(to_json(read(PostmortemReport, report)), report)

    def test_faults_have_a_path(self):
        plan = {"task_id": "T", "semantic_units": [UNIT, {**UNIT, "novelty": "1"}], "total_est_complexity": 9}
        with self.assertRaises(ValueError) as raised:
            read(ProjectPlan, plan)
        self.assertEqual(
            str(raised.exception), 'semantic_units[1].novelty: invalid type: string "1", expected a number'
        )
        del plan["semantic_units"][1]["unit_id"]
        with self.assertRaisesRegex(ValueError, r"semantic_units\[1\]: missing field `unit_id`"):
            read(ProjectPlan, plan)

    def test_optional_members_are_left_out(self):
        issue = Issue(
            id="S1",
            severity="low",
            category="c",
            defect_type="d",
            phase_injected="code",
            description="",
            evidence="",
            impact="",
            location=Location("a.py"),
        )
        self.assertEqual(to_json(issue)["location"], {"path": "a.py", "line": None})
        self.assertNotIn("recommendation", to_json(issue))

    def test_the_host_judges(self):
        host = FakeHost().check_with(lambda kind, content: [f"{kind}: {content.decode()}"])
        self.assertEqual(host.run(lambda work: faults("haiku", {"lines": 1})), ['haiku: {"lines": 1}'])


class TestBench(unittest.TestCase):
    def test_results_are_scripted(self):
        run = TestRun([], [TestCase(name="t::a", outcome="passed")])
        host = FakeHost().test_run(run)
        files = [File("t", "")]
        self.assertEqual(host.run(lambda work: run_tests("python", "generated_code", files)), run)
        self.assertEqual(host.test_runs, [("python", "generated_code", files)])
        with self.assertRaisesRegex(BenchError, "no_runner: FakeHost has no test run left"):
            host.run(lambda work: run_tests("python", [], []))


class Repositories(unittest.TestCase):
    def host(self):
        host = (
            FakeHost()
            .file("README.md", "# Prices\n")
            .file("src/prices.py", "x = 1\n")
            .file("src/logo.png", b"\x89\0\x01")
        )
        return host.file("latin.txt", b"a\xe9\n")

    def test_a_small_one_is_given_whole(self):
        whole = self.host().run(lambda work: Repository.open(work).whole(1_000))
        self.assertEqual(
            [(file.path, file.text) for file in whole],
            [("README.md", "# Prices\n"), ("latin.txt", None), ("src/logo.png", None), ("src/prices.py", "x = 1\n")],
        )
        self.assertIsNone(self.host().run(lambda work: Repository.open(work).whole(4)))

    def test_files(self):
        def look(work):
            repository = Repository.open(work)
            paths = ["src/prices.py", "src/logo.png", "none.py"]
            return [repository.text(path) for path in paths], [repository.contains(path) for path in paths]

        self.assertEqual(self.host().run(look), (["x = 1\n", None, None], [True, True, False]))

    def test_runs_without_one(self):
        self.assertIsNone(FakeHost().run(Repository.open))


if __name__ == "__main__":
    unittest.main()
