"""Combines pytest's reports into one case per test. A test passes only if every stage passed."""

import functools
import itertools
import re

from . import project
from .absent import calls
from .imports import explain_missing_modules
from .outcome import MESSAGE_CHARS, OUTPUT_CHARS, Case, bounded

NO_TEST = """no test was found in this file: pytest looks for functions whose names begin with `test`, classes whose names begin
with `Test` and that have no constructor, and classes derived from unittest.TestCase""".replace("\n", " ")
_XFAILED = "xfailed: "
NOT_RUN = "reported as passed although its code did not run to its end"
_LIBRARY_FRAME = re.compile(r"/python/\S+:\d+: in ")
_SEVERITY = {"errored": 3, "failed": 3, "skipped": 2, "passed": 1}


def describe_error(error: BaseException) -> str:
    """Returns `Type: message`, or the type alone if there is no message."""
    message = str(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


class Reports:
    def __init__(self, files, progress):
        self._files = list(files)
        self.send = lambda *_: None
        self._progress = progress
        self._module_skip: str | None = None
        self.collect_errors: list[str] = []
        # Classes that pytest leaves out because of the code under test, with the reason.
        self.left_out: dict[str, str] = {}

    def item(self, nodeid: str):
        self.send("item", nodeid)

    def collected(self, report, path: str):
        if report.skipped and report.nodeid == path:
            self._module_skip = self._reason(report)
        elif report.failed:
            what = report.longreprtext.strip()
            self.collect_errors.append(bounded(self._relative(f"{path}:1: while collecting: {what}"), MESSAGE_CHARS))

    def started(self, nodeid: str):
        self._progress.start(nodeid)

    def ended(self):
        """Call this when no other test starts."""
        self._progress.flush()

    def add(self, report):
        outcome, message = self._judge(report)
        self._progress.report(report.nodeid, report.when, outcome, message)
        refused = calls.noted()
        sections = [*report.sections, *([("sandbox", refused)] if refused else [])]
        output = "".join(f"--- {title}\n{text}\n" for title, text in sections)
        self.send("report", report.nodeid, report.when, outcome, message, bounded(output, OUTPUT_CHARS))

    def raised(self, nodeid: str, error: BaseException):
        try:
            description = bounded(describe_error(error), 500)
        except BaseException:
            description = type(error).__name__
        self.send("raised", nodeid, description, error)

    def cases(self, path: str, expected: list[str], replaceable: list[str], reason: str | None) -> list[Case]:
        """Returns one case per test of the file `path`. If the guard found tampering, no test has passed.

        `expected` are tests that must be there; those that are `replaceable` may be there under longer names.
        """
        received: list = []
        self.send("end", received)
        notes, fault, forged, skipped = received[0] if received else ((), None, (), {})
        cases = _fold_notes(notes, reason)
        reported = {_without_parameters(c.name, path) for c in cases}
        missing = [name for name in expected if name not in reported]
        present = set().union(*map(_beginnings, reported)) if replaceable else set()
        missing += [name for name in replaceable if name not in present]
        missing += [name for name in self.left_out if not any(m.startswith(f"{name}::") for m in missing)]
        cases += [self._missing(name, reason, not notes) for name in missing]
        cases = cases or [self._without_tests(path, reason)]
        for case in cases:
            if fault and case.outcome in ("passed", "skipped"):
                case.outcome, case.message = "errored", bounded(f"no result can be trusted: {fault}", MESSAGE_CHARS)
            elif case.name in skipped and case.outcome == "skipped":
                reason = f"skipped by the code under test, not by the suite: {skipped[case.name]}"
                case.outcome, case.message = "errored", bounded(reason, MESSAGE_CHARS)
            elif case.name in forged and case.outcome == "passed":
                case.outcome, case.message = "errored", NOT_RUN
        return cases

    def _missing(self, name: str, reason, nothing_ran: bool) -> Case:
        if self._module_skip is not None and nothing_ran:
            return Case(name, "skipped", self._module_skip)
        left_out = (why for cls, why in self.left_out.items() if name == cls or name.startswith(f"{cls}::"))
        return _did_not_run(name, next(left_out, reason))

    def _without_tests(self, path: str, reason) -> Case:
        if self._module_skip is not None:
            return Case(path, "skipped", self._module_skip)
        return _did_not_run(path, reason) if reason else Case(path, "errored", NO_TEST)

    def _judge(self, report) -> tuple[str, str | None]:
        if report.failed:
            where = "" if report.when == "call" else f"{report.when} failed:\n"
            return "failed" if report.when == "call" else "errored", where + self._text(report)
        expected = getattr(report, "wasxfail", None)
        if report.skipped:
            return "skipped", self._reason(report) if expected is None else f"{_XFAILED}{expected or 'no reason given'}"
        if expected is not None:
            return "passed", f"passed although marked xfail: {expected}"
        return "passed", None

    def _text(self, report) -> str:
        about = getattr(report, "context", None)
        lines = _without_library(report.longreprtext.splitlines())
        text = self._relative(explain_missing_modules("\n".join(lines))) or "failed without words"
        note = getattr(report, "phasegate_note", None)
        text = f"{text}\n{note}" if note else text
        if about is None:
            return text
        return f"subtest {about.msg or ''} {dict(about.kwargs) or ''}:\n{text}"

    def _reason(self, report) -> str:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        text = str(reason).removeprefix("Skipped: ") or "skipped"
        # This prefix means an expected failure.
        return bounded(f"skipped: {text}" if text.startswith(_XFAILED) else text, MESSAGE_CHARS)

    @functools.cached_property
    def _supplied(self) -> re.Pattern:
        paths = "|".join(re.escape(p) for p in sorted(self._files, key=len, reverse=True))
        return re.compile(rf"(?<![\w./-]){re.escape(project.FOLDER)}/({paths})(?![\w/])")

    def _relative(self, text: str) -> str:
        """Names supplied files by relative path; inside the component they lie in the project's folder."""
        return self._supplied.sub(r"\1", text)


def _without_library(lines):
    """Yields the lines of a traceback in pytest's short style without the frames of the standard library."""
    in_library = False
    for line in lines:
        if not line.startswith("    "):
            in_library = _LIBRARY_FRAME.match(line) is not None
        if not in_library and line.strip() != "???":
            yield line


def _fold_notes(notes, reason: str | None) -> list[Case]:
    cases: dict[str, Case | None] = {}
    finished, raised = set(), {}
    for what, nodeid, *facts in notes:
        case = cases.setdefault(nodeid, None)
        if what == "raised":
            raised[nodeid] = facts[0]
        elif what == "report":
            when, outcome, message, output = facts
            case = cases[nodeid] = case or Case(nodeid, "passed")
            if message:
                case.message = bounded(f"{case.message}\n\n{message}" if case.message else message, MESSAGE_CHARS)
            if _SEVERITY[outcome] > _SEVERITY[case.outcome]:
                case.outcome = outcome
            case.output = output
            if when == "teardown":
                finished.add(nodeid)
    return [_final_case(nodeid, case, nodeid in finished, raised.get(nodeid), reason) for nodeid, case in cases.items()]


def _final_case(nodeid: str, case: Case | None, finished: bool, raised: str | None, reason: str | None) -> Case:
    if case is None:
        return _did_not_run(nodeid, reason)
    if not finished and case.outcome in ("passed", "skipped"):
        return Case(nodeid, "errored", reason or "the test did not finish", case.output)
    if raised and case.outcome == "passed":
        return Case(nodeid, "errored", f"reported as passed although it raised {raised}", case.output)
    return case


def _without_parameters(name: str, path: str) -> str:
    # The path may contain a bracket.
    return path + name[len(path) :].partition("[")[0] if name.startswith(path) else name


def _beginnings(name: str) -> set[str]:
    """Returns the names of which this one is a variant: each part may have more characters after `_` or a digit."""
    path, *parts = name.split("::")
    cuts = ([part, *(part[: c.start()] for c in re.finditer("[_0-9]", part))] for part in parts)
    return {"::".join((path, *cut)) for cut in itertools.product(*cuts)}


def _did_not_run(name: str, reason: str | None) -> Case:
    why = (
        reason
        or "the test is defined in the file but was not there when the file had been imported, or was deselected"
    )
    return Case(name, "errored", bounded(f"did not run: {why}", MESSAGE_CHARS))
