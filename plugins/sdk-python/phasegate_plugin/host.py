"""Calls to the host. In a component they are the contract's imports; in a unit test `testing.FakeHost` answers them."""

from typing import Any, Protocol

from .types import File, FileList, MatchList, ModelError, Request, Response, TestRun


class Host(Protocol):
    """Errors are exceptions: `ModelError`, `ArtifactError`, `BenchError`."""

    def complete(self, request: Request) -> Response: ...
    def complete_all(self, requests: list[Request]) -> list[Response | ModelError]: ...
    def read(self, name: str) -> bytes: ...
    def list_files(self, folder: str) -> FileList: ...
    def search_text(self, text: str, folder: str) -> MatchList: ...
    def check(self, kind: str, content: bytes) -> list[str]: ...
    def run_tests(self, language: str, code: str | list[File], tests: list[File]) -> TestRun: ...
    def log(self, level: str, line: str) -> None: ...
    def progress(self, what: str, fraction: float | None) -> None: ...


_host: Any = None
_is_component = False


def use(host: Host | None, *, is_component: bool = False) -> None:
    """Sets the host that answers from now on. `export_agent` and `FakeHost.run` call this."""
    global _host, _is_component
    _host, _is_component = host, is_component


def is_component() -> bool:
    return _is_component


def current() -> Host:
    if _host is None:
        raise RuntimeError("there is no host: call the agent by `FakeHost().run(…)`")
    return _host


def run_tests(language: str, code: str | list[File], tests: list[File]) -> TestRun:
    """Runs tests and waits for the results, which never count for a gate. Requires the grant `test-bench`.

    `code` is the name of an input of kind `generated_code`, or files that are not yet an artifact.
    """
    return current().run_tests(language, code, tests)


def log(line: str, level: str = "info") -> None:
    """Writes one line to the run's log. Levels are `debug`, `info`, `warn` and `error`."""
    current().log(level, line)


def progress(what: str, fraction: float | None = None) -> None:
    """Reports the current activity and, where known, the completed fraction from 0.0 to 1.0."""
    current().progress(what, fraction)
