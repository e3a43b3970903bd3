import io
import sys

import pytest

from taskbook.cli import main


class Result:
    def __init__(self, code, captured):
        self.code, self.out, self.err = code, captured.out, captured.err


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TASKBOOK_FILE", str(tmp_path / "deep" / "tasks.json"))
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments, stdin=""):
        try:
            code = main(list(arguments), io.StringIO(stdin))
        except SystemExit as exit:
            code = exit.code
        sys.stdout.flush()
        return Result(code, capsys.readouterr())

    return call
