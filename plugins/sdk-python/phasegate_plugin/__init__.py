"""SDK for Phasegate plugins in Python. `README.md` contains a complete plugin.

An agent is a function from `Work` to `Submission`; a feedback strategy one from `GateFailure` to `Revise`,
`AskAPerson` or `GiveUp`; a test runner an object with three methods. `phasegate_plugin.component` exports them,
`phasegate_plugin.testing` runs them in unit tests. Exceptions are `Failure` with a readable reason; any other
exception is a bug of the plugin, and its traceback is in the run's log.
"""

from .diff import unified
from .edits import Edit, EditFaults, apply_diff, apply_edits, keep_form
from .host import log, progress, run_tests
from .prompt import Prompt, fenced, fenced_named
from .question import Question, ask_all
from .records import read, to_json
from .repository import Repository, WholeFile
from .sections import Sections
from .tools import Toolbox, ToolError
from .types import (
    Artifact,
    AskAPerson,
    BenchError,
    BuildErrors,
    Check,
    Decision,
    Failure,
    File,
    Findings,
    GateFailure,
    GiveUp,
    Issue,
    Location,
    PastAttempt,
    Revise,
    Revision,
    Submission,
    Suggestion,
    TestCase,
    TestRun,
    Tool,
)
from .work import Work, artifact

__all__ = [
    "Artifact",
    "AskAPerson",
    "BenchError",
    "BuildErrors",
    "Check",
    "Edit",
    "EditFaults",
    "Failure",
    "File",
    "Findings",
    "GateFailure",
    "GiveUp",
    "Issue",
    "Location",
    "Prompt",
    "Question",
    "Repository",
    "Revise",
    "Revision",
    "Sections",
    "Submission",
    "Suggestion",
    "TestCase",
    "TestRun",
    "Tool",
    "ToolError",
    "Toolbox",
    "WholeFile",
    "Work",
    "apply_diff",
    "apply_edits",
    "artifact",
    "ask_all",
    "fenced",
    "fenced_named",
    "keep_form",
    "log",
    "progress",
    "read",
    "run_tests",
    "to_json",
    "unified",
]

__version__ = "0.1.0"
