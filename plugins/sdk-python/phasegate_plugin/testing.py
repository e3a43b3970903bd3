"""A host for unit tests, with scripted inputs and answers. Not part of a component.

    host = FakeHost().input("task_requirements", "task_requirements", {"task_id": "T-1", "description": "Rain"})
    host.answer("haiku", '{"lines": ["…", "…", "…"]}')
    submission = host.run(run)

`requests`, `test_runs` and `log` hold the calls of the agent. A model call whose label has no answer left is an
`AssertionError`, so a test must list every expected call.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any, TypeVar

from . import host
from .artifacts import MappedFile, RepositoryMap
from .records import to_json
from .texts import lines_of
from .types import (
    ArtifactError,
    ArtifactRef,
    Assignment,
    BenchError,
    Content,
    File,
    FileList,
    MatchList,
    ModelError,
    RepositoryFile,
    Request,
    Response,
    TestRun,
    Text,
    TextMatch,
    ToolCall,
    Usage,
)
from .work import Work

MAP = "repository_map"
T = TypeVar("T")


class FakeHost:
    """A scripted host for one agent: task `TASK-001`, attempt 1, every artifact valid."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        """Model calls, in order."""
        self.test_runs: list[tuple[str, str | list[File], list[File]]] = []
        """Test runs, in order: language, code and test files."""
        self.log: list[str] = []
        """Log lines as `level: line`, and progress reports."""
        self._assignment = Assignment()
        self._contents: dict[str, bytes] = {}
        self._paths: list[str] = []
        self._answers: dict[str, list[Response | ModelError]] = {}
        self._scripted: list[str] = []
        self._results: list[TestRun | BenchError] = []
        self._check: Callable[[str, bytes], list[str]] | None = None

    def run(self, run: Callable[[Work], T]) -> T:
        """Runs an agent, or a part of one, on this host. Returns its result or raises its `Failure`."""
        host.use(Calls(self))
        try:
            return run(Work(self._assignment))
        finally:
            host.use(None)

    def assignment(self, **changes: Any) -> "FakeHost":
        """Changes members of the assignment. `settings` and `environment` may be dictionaries."""
        texts = {name: json.dumps(value) for name, value in changes.items() if isinstance(value, dict)}
        self._assignment = replace(self._assignment, **{**changes, **texts})
        return self

    def input(self, name: str, kind: str, content: Any) -> "FakeHost":
        """Adds an input with its kind and content: text, bytes, or a value that is written as JSON."""
        self._assignment.inputs.append(self._put(name, kind, content))
        return self

    def previous(self, name: str, kind: str, content: Any) -> "FakeHost":
        """Adds an artifact of the previous attempt. Give `name` without `previous/`."""
        self._assignment.previous.append(self._put(f"previous/{name}", kind, content))
        return self

    def file(self, path: str, content: str | bytes) -> "FakeHost":
        """Adds a text or binary file to the run's repository, and to its map. The phase may then read them."""
        self._put(f"repository/{path}", "file", content)
        self._paths = sorted({*self._paths, path})
        self._assignment.inputs = [known for known in self._assignment.inputs if known.name != MAP]
        return self.input(MAP, MAP, self._map())

    def _map(self) -> RepositoryMap:
        files = [repository_file(path, self._contents[f"repository/{path}"]) for path in self._paths]
        return RepositoryMap(
            commit="1" * 40,
            tree="2" * 40,
            files=len(files),
            text_bytes=sum(file.size for file in files if file.kind == "text"),
            paths=[
                MappedFile(path=file.path, size=file.size, kind=None if file.kind == "text" else file.kind)
                for file in files
            ],
        )

    def answer(self, label: str, text: str) -> "FakeHost":
        """Scripts the next complete answer for this label."""
        return self.response(label, text, "end")

    def truncated_answer(self, label: str, text: str) -> "FakeHost":
        """Scripts the next answer for this label as cut off at the limit of the request."""
        return self.content(label, [Text(text)], "max-tokens", 2**64)

    def response(self, label: str, text: str, stop: str) -> "FakeHost":
        """Scripts the next answer for this label with a stop reason, for example `refusal`, after one output token.
        With `max-tokens`, the model stopped because its context window is full.
        """
        return self.content(label, [Text(text)], stop)

    def content(self, label: str, content: list[Content], stop: str = "end", output_tokens: int = 1) -> "FakeHost":
        """Scripts the next answer for this label in all its parts, with the number of its output tokens."""
        usage = Usage(input_tokens=1, output_tokens=output_tokens, cached_input_tokens=0, usd=None)
        return self._script(label, Response(list(content), stop, "test:mock", usage))

    def calls(self, label: str, *calls: tuple[str, str], before: list[Content] | None = None) -> "FakeHost":
        """Scripts the next answer for this label as calls of tools, each with its name and arguments, with content
        before them. Their ids are `call-1`, `call-2`, ….
        """
        content: list[Content] = list(before or [])
        content += [ToolCall(f"call-{at}", name, arguments) for at, (name, arguments) in enumerate(calls, 1)]
        return self.content(label, content, "tool-calls")

    def model_error(self, label: str, kind: str, why: str) -> "FakeHost":
        """Scripts an error for the next call of this label, for example kind `budget`."""
        return self._script(label, ModelError(kind, why))

    def test_run(self, result: TestRun | BenchError) -> "FakeHost":
        """Scripts the result of the next test run."""
        self._results.append(result)
        return self

    def check_with(self, check: Callable[[str, bytes], list[str]]) -> "FakeHost":
        """Sets the validation of artifacts: a function from kind and content to faults."""
        self._check = check
        return self

    def _script(self, label: str, outcome: Response | ModelError) -> "FakeHost":
        self._answers.setdefault(label, []).append(outcome)
        self._scripted.append(label)
        return self

    def _put(self, name: str, kind: str, content: Any) -> ArtifactRef:
        if isinstance(content, str):
            content = content.encode()
        elif not isinstance(content, bytes):
            content = json.dumps(to_json(content), ensure_ascii=False).encode()
        self._contents[name] = content
        return ArtifactRef(name, kind, f"sha256:{len(content):064}", len(content))


class Calls:
    """What an agent calls on a `FakeHost`."""

    def __init__(self, fake: FakeHost):
        self._fake = fake

    def complete(self, request: Request) -> Response:
        outcome = self._next(request)
        if isinstance(outcome, ModelError):
            raise outcome
        return outcome

    def complete_all(self, requests: list[Request]) -> list[Response | ModelError]:
        return [self._next(request) for request in requests]

    def _next(self, request: Request) -> Response | ModelError:
        fake = self._fake
        fake.requests.append(deepcopy(request))
        if not fake._answers.get(request.label):
            scripted = ", ".join(f"`{label}`" for label in fake._scripted) or "none"
            raise AssertionError(f"FakeHost has no answer left for `{request.label}`; scripted answers: {scripted}")
        outcome = fake._answers[request.label].pop(0)
        if isinstance(outcome, ModelError):
            return outcome
        tokens = min(outcome.usage.output_tokens, request.max_output_tokens)
        return replace(outcome, usage=replace(outcome.usage, output_tokens=tokens))

    def read(self, name: str) -> bytes:
        if name not in self._fake._contents:
            raise ArtifactError("unknown", name)
        return self._fake._contents[name]

    def list_files(self, folder: str) -> FileList:
        return FileList([repository_file(path, content) for path, content in self._files(folder)], 0)

    def search_text(self, text: str, folder: str) -> MatchList:
        matches = []
        for path, content in self._files(folder):
            lines = lines_of(content.decode(errors="replace"))
            matches += [TextMatch(path, at, line) for at, line in enumerate(lines, 1) if text.lower() in line.lower()]
        return MatchList(matches, False)

    def _files(self, folder: str) -> list[tuple[str, bytes]]:
        fake = self._fake
        if not fake._paths:
            raise ArtifactError("unknown", "this run has no repository")
        start = f"{folder}/" if folder else ""
        return [(path, fake._contents[f"repository/{path}"]) for path in fake._paths if path.startswith(start)]

    def check(self, kind: str, content: bytes) -> list[str]:
        return self._fake._check(kind, content) if self._fake._check else []

    def run_tests(self, language: str, code: str | list[File], tests: list[File]) -> TestRun:
        self._fake.test_runs.append((language, code, tests))
        if not self._fake._results:
            raise BenchError("no_runner", "FakeHost has no test run left")
        result = self._fake._results.pop(0)
        if isinstance(result, BenchError):
            raise result
        return result

    def log(self, level: str, line: str) -> None:
        self._fake.log.append(f"{level}: {line}")

    def progress(self, what: str, fraction: float | None) -> None:
        self._fake.log.append(f"progress: {what} {fraction}")


def repository_file(path: str, content: bytes) -> RepositoryFile:
    return RepositoryFile(path, len(content), "binary" if b"\0" in content else "text")


def request_text(request: Request) -> str:
    """All text of a request's messages, joined without a separator."""
    parts = [part for message in request.messages for part in message.content]
    return "".join(part.text for part in parts if isinstance(part, Text))
