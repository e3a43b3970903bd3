"""A test runner for files whose lines say which text another file contains: `PATH contains TEXT`."""

from phasegate_plugin import BenchError, BuildErrors, File, TestCase, TestRun


def environment() -> dict:
    return {
        "language": "{{name}}",
        "version": "1",
        "modules": [],
        "test_frameworks": ["contains"],
        "notes": ["A test is a line `PATH contains TEXT` of a file in `tests/`."],
    }


def collect(code: list[File], tests: list[File]) -> list[str]:
    """The names of all tests."""
    names, faults = [], []
    for file in tests:
        try:
            names += [name for name, _, _ in parse(file)] or [file.path]
        except ValueError as fault:
            faults.append(str(fault))
    if faults:
        raise BuildErrors(faults)
    return names


def run_tests(code: list[File], tests: list[File], path: str) -> TestRun:
    file = next((file for file in tests if file.path == path), None)
    if file is None:
        raise BenchError("invalid", f"there is no test file {path}")
    try:
        expectations = parse(file)
    except ValueError as fault:
        raise BenchError("invalid", str(fault)) from None
    contents = {file.path: file.content for file in code}
    return TestRun(tests=[judge(expectation, contents) for expectation in expectations])


def parse(file: File) -> list[tuple[str, str, str]]:
    """Name, path and text of each line; the error is `path:line: message`."""
    expectations = []
    for number, line in enumerate(file.content.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        path, found, text = line.partition(" contains ")
        if not found:
            raise ValueError(f"{file.path}:{number}: write `PATH contains TEXT`")
        expectations.append((f"{file.path}::line {number}", path, text))
    return expectations


def judge(expectation: tuple[str, str, str], contents: dict[str, str]) -> TestCase:
    name, path, text = expectation
    if path not in contents:
        return TestCase(name=name, outcome="errored", message=f"there is no file {path}")
    if text in contents[path]:
        return TestCase(name=name, outcome="passed")
    return TestCase(name=name, outcome="failed", message=f"{path} does not contain `{text}`")
