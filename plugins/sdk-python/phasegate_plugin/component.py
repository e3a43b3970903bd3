"""Exports plugins as components. Only a component can import this module: componentize-py generates the package
`wit_world` from the plugin's `wit` folder.
"""

import io
import sys
from collections.abc import Callable
from typing import Any

from componentize_py_types import Err

from . import crashes, host, wit
from .json_text import compact, load
from .texts import trim
from .types import BenchError, BuildErrors, Decision, Failure, GateFailure, Revise, Submission, TestRun
from .work import Work

host.use(wit.WitHost(), is_component=True)


def export_agent(run: Callable[[Work], Submission]) -> type:
    """Exports an agent: a function that does the work of one attempt. Bind the result to the name `AgentBlocking`."""

    class AgentBlocking:
        def run(self, assignment: Any) -> Any:
            with plugin_code():
                try:
                    submission = run(Work(wit.plain(assignment)))
                except Failure as failure:
                    raise Err(wit_failure(failure)) from None
                expect_type(submission, Submission, "run must return a Submission")
                return wit.generated(submission)

    return AgentBlocking


def export_strategy(decide: Callable[[GateFailure], Decision]) -> type:
    """Exports a feedback strategy: a function that decides which phases revise what after a gate has failed. It is
    pure. Bind the result to the name `Feedback`.
    """

    class Feedback:
        def decide(self, failure: Any) -> Any:
            with plugin_code():
                plain = wit.plain(failure)
                plain.settings = load(plain.settings) if trim(plain.settings) else {}
                decision = decide(plain)
                expect_type(decision, Decision, "decide must return Revise, AskAPerson or GiveUp")
                value = decision.revisions if isinstance(decision, Revise) else decision.why
                return wit.variant("Decision", type(decision).__name__, wit.generated(value))

    return Feedback


def export_runner(runner: Any) -> type:
    """Exports a test runner: an object with three methods. Bind the result to the name `Runner`.

    `environment()` returns a dictionary. `collect(code, tests)` gets lists of `File`, returns the names of the tests,
    found by parsing only, or raises `BuildErrors`. `run_tests(code, tests, path)` runs the file `path` of `tests` and
    returns a `TestRun` or raises `BenchError`.
    """

    class Runner:
        def environment(self) -> str:
            with plugin_code():
                return compact(runner.environment())

        def collect(self, code: Any, tests: Any) -> list[str]:
            with plugin_code():
                try:
                    return list(runner.collect(wit.plain(code), wit.plain(tests)))
                except BuildErrors as failure:
                    raise Err(failure.errors) from None

        def run_tests(self, code: Any, tests: Any, path: str) -> Any:
            with plugin_code():
                try:
                    result = runner.run_tests(wit.plain(code), wit.plain(tests), path)
                except BenchError as error:
                    raise Err(wit.error_variant("BenchError", error)) from None
                expect_type(result, TestRun, "run_tests must return a TestRun")
                return wit.generated(result)

    return Runner


class plugin_code:
    """Sends what the plugin prints to the log line by line, and the traceback of an exception that is a bug."""

    def __enter__(self) -> None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        sys.stdout.flush()
        if error is not None and not isinstance(error, Err):
            crashes.report(error)


def wit_failure(failure: Failure) -> Any:
    if failure.input is None:
        return wit.variant("Failure", "Failed", failure.reason)
    return wit.variant("Failure", "BadInput", (failure.input, failure.reason))


def expect_type(value: Any, kind: Any, rule: str) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"{rule}, not {type(value).__name__}")
