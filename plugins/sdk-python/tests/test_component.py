"""Runs the exports with the bindings that componentize-py generates. Skipped where it is not installed."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CONTRACT = Path(__file__).parents[3] / "wit"
WORLD = """
package plugin:all;

world all {
    import phasegate:plugin/models-blocking@0.1.0;
    import phasegate:plugin/artifacts@0.1.0;
    import phasegate:plugin/test-bench-blocking@0.1.0;
    import phasegate:plugin/log@0.1.0;
    export phasegate:plugin/agent-blocking@0.1.0;
    export phasegate:plugin/feedback@0.1.0;
    export phasegate:plugin/runner@0.1.0;
}
"""


def generate_bindings(folder: Path) -> None:
    contract = folder / "wit" / "deps" / "phasegate"
    contract.mkdir(parents=True)
    for file in CONTRACT.glob("*.wit"):
        shutil.copy(file, contract)
    (folder / "wit" / "world.wit").write_text(WORLD)
    command = ["componentize-py", "-q", "-d", folder / "wit", "-w", "all", "bindings", folder / "bindings"]
    subprocess.run(command, check=True)


@unittest.skipUnless(shutil.which("componentize-py"), "componentize-py is not installed")
class Component(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        generate_bindings(Path(cls.folder.name))
        sys.path.insert(0, str(Path(cls.folder.name) / "bindings"))
        from phasegate_plugin import component, host

        cls.component = component
        cls.addClassCleanup(host.use, None)
        cls.addClassCleanup(cls.folder.cleanup)
        cls.addClassCleanup(sys.path.pop, 0)

    def setUp(self):
        from wit_world.imports import log

        self.addCleanup(setattr, sys, "excepthook", sys.excepthook)
        self.log = []
        log.write = lambda level, line: self.log.append((level, line))
        log.progress = lambda what, fraction: self.log.append((what, fraction))

    def test_an_agent(self):
        from componentize_py_types import Err, Ok
        from wit_world.imports import artifacts, log, model_types, models_blocking, test_bench_blocking, types, work

        from phasegate_plugin import (
            BenchError,
            File,
            Findings,
            Issue,
            Location,
            Question,
            Submission,
            artifact,
            ask_all,
            progress,
            run_tests,
        )
        from phasegate_plugin.artifacts import faults

        def response(request):
            content = [model_types.Content_Opaque("{}"), model_types.Content_Text(f"<{request.label}>")]
            usage = model_types.Usage(1, 1, 0, None)
            return model_types.Response(content, "end", "test:mock", usage)

        requests = []
        models_blocking.complete = lambda request: requests.append(request) or response(request)
        models_blocking.complete_all = lambda all: [Ok(response(all[0])), Err(model_types.Error_TooLong("9 of 8"))]
        artifacts.read = lambda name: f"content of {name}".encode()
        artifacts.check = raising(Err(["too short"]))
        ran = []
        result = types.TestRun([], [types.TestCase("t::a", types.Outcome.FAILED, "no", "")])
        test_bench_blocking.run_tests = lambda *arguments: ran.append(arguments) or result

        def run(work):
            self.assertEqual(work.text("code"), "content of code")
            self.assertEqual(Question("one", "s", "u").text(), "<one>")
            self.assertEqual(faults("haiku", {}), ["too short"])
            self.assertEqual(run_tests("python", [File("a", "b")], []).tests[0].outcome, "failed")
            progress("working", 0.5)
            issue = Issue(
                id="S1",
                severity="high",
                category="c",
                defect_type="d",
                phase_injected="code",
                description="d",
                evidence="e",
                impact="i",
                location=Location("a.py", 3),
            )
            return Submission([artifact("a", [1])], Findings(issues=[issue, *work.assignment.feedback[0].issues]))

        earlier = types.Issue(
            "S0", types.Severity.LOW, "c", "d", "code", "d", "e", "i", None, types.Location("b", None)
        )
        item = work.FeedbackItem("test", [], [earlier], "")
        reference = types.ArtifactRef("code", "generated_code", "sha256:0", 1)
        assignment = work.Assignment("run-1", "T", "code", 1, [reference], [], [], [item], "{}", "{}")
        submission = self.component.export_agent(run)().run(assignment)
        self.assertEqual(submission.artifacts, [work.Artifact("a", b"[\n  1\n]\n")])
        self.assertEqual(
            [issue.severity for issue in submission.findings.issues], [types.Severity.HIGH, types.Severity.LOW]
        )
        self.assertEqual(submission.findings.issues[1], earlier)
        self.assertEqual(requests[0].messages[0].role, model_types.Role.SYSTEM)
        self.assertEqual(requests[0].messages[1].content, [model_types.Content_Text("u")])
        self.assertEqual(ran, [("python", types.Subject_Draft([types.File("a", "b")]), [])])
        self.assertEqual(self.log, [("working", 0.5)])

        two = [Question("a", "s", "u"), Question("b", "s", "u")]
        export = self.component.export_agent(lambda work: ask_all(two, method="text"))
        self.assert_failure(
            lambda: export().run(assignment), work.Failure_Failed("`b`: the request is too long for the model: 9 of 8")
        )
        artifacts.read = raising(Err(artifacts.Error_TooLarge("9 of 8 MB")))
        export = self.component.export_agent(lambda work: work.text("code"))
        self.assert_failure(
            lambda: export().run(assignment), work.Failure_BadInput(("code", "it is too large: 9 of 8 MB"))
        )
        test_bench_blocking.run_tests = raising(Err(types.BenchError_NoRunner("none")))
        with self.assertRaises(BenchError) as raised:
            self.component.export_agent(lambda work: run_tests("python", "code", []))().run(assignment)
        self.assertEqual((raised.exception.kind, raised.exception.why), ("no_runner", "none"))
        self.assertEqual(self.log[-2], (log.Level.ERROR, "phasegate_plugin.types.BenchError: no_runner: none"))
        self.assertRegex(self.log[-1][1], r"^panic: phasegate_plugin.types.BenchError: no_runner: none \(.*py:\d+\)$")

    def test_a_wrong_severity_names_the_right_ones(self):
        from wit_world.imports import work

        from phasegate_plugin import Findings, Issue, Submission

        issue = Issue(
            id="S1",
            severity="grave",
            category="c",
            defect_type="d",
            phase_injected="code",
            description="d",
            evidence="e",
            impact="i",
        )
        export = self.component.export_agent(lambda work: Submission(findings=Findings(issues=[issue])))
        assignment = work.Assignment("run-1", "T", "code", 1, [], [], [], [], "{}", "{}")
        with self.assertRaisesRegex(ValueError, "`grave` is no severity: it is one of low, medium, high, critical"):
            export().run(assignment)

    def test_a_strategy(self):
        from wit_world.exports import feedback

        from phasegate_plugin import GiveUp, Revise, Revision

        failure = feedback.GateFailure(
            "test", 1, 2, [], None, ["code"], [feedback.PastAttempt([], ["code"])], '{"a": 1}'
        )

        def decide(failure):
            self.assertEqual((failure.settings, failure.history[0].revised), ({"a": 1}, ["code"]))
            return Revise([Revision("code", ["S1"], "Fix it.")])

        decision = self.component.export_strategy(decide)().decide(failure)
        self.assertEqual(decision, feedback.Decision_Revise([feedback.Revision("code", ["S1"], "Fix it.")]))
        decision = self.component.export_strategy(lambda failure: GiveUp("no"))().decide(failure)
        self.assertEqual(decision, feedback.Decision_GiveUp("no"))
        with self.assertRaisesRegex(TypeError, "decide must return Revise, AskAPerson or GiveUp, not NoneType"):
            self.component.export_strategy(lambda failure: None)().decide(failure)
        self.assertIn("TypeError: decide must return", self.log[-1][1])

    def test_a_runner(self):
        from wit_world.imports import types

        from phasegate_plugin import BenchError, BuildErrors, TestCase, TestRun

        class Lines:
            def environment(self):
                return {"language": "lines"}

            def collect(self, code, tests):
                if code:
                    raise BuildErrors([f"{code[0].path}:1: no"])
                return [test.path for test in tests]

            def run_tests(self, code, tests, path):
                if not tests:
                    raise BenchError("invalid", "no tests")
                return TestRun([], [TestCase(name=path, outcome="skipped", message="m")])

        runner = self.component.export_runner(Lines())()
        file = types.File("a", "")
        self.assertEqual(runner.environment(), '{"language":"lines"}')
        self.assertEqual(runner.collect([], [file]), ["a"])
        self.assert_failure(lambda: runner.collect([file], []), ["a:1: no"])
        self.assert_failure(lambda: runner.run_tests([], [], "a"), types.BenchError_Invalid("no tests"))
        case = types.TestCase("a", types.Outcome.SKIPPED, "m", "")
        self.assertEqual(runner.run_tests([], [file], "a"), types.TestRun([], [case]))

    def assert_failure(self, call, value):
        from componentize_py_types import Err

        with self.assertRaises(Err) as raised:
            call()
        self.assertEqual(raised.exception.value, value)


def raising(error):
    def call(*_):
        raise error

    return call


if __name__ == "__main__":
    unittest.main()
