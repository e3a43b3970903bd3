import os
import signal
import subprocess
from unittest import mock

import pytest

import service


def test_missing_program_gives_none(tmp_path):
    assert service.git_revision(tmp_path) is None


def test_revision():
    done = subprocess.CompletedProcess([], 0, stdout="abc\n", stderr="")
    with mock.patch("subprocess.run", return_value=done) as run:
        assert service.git_revision(".") == "abc"
    assert run.call_args.kwargs["cwd"] == "."


def test_failed_program():
    with mock.patch("subprocess.run", side_effect=subprocess.CalledProcessError(128, "git")):
        assert service.git_revision(".") == "failed: 128"


def test_pid_file(tmp_path):
    assert service.pid_file(tmp_path / "pid") == os.getpid()


def test_tool_is_missing():
    assert not service.has_tool("git-of-another-world")


def test_handler_is_installed():
    it = service.Service()
    it.install()
    try:
        assert signal.getsignal(signal.SIGTERM) == it.stop
        it.stop(signal.SIGTERM, None)
        assert it.stopped
    finally:
        signal.signal(signal.SIGTERM, it.previous)


def test_raised_signal_reaches_the_handler():
    it = service.Service()
    it.install()
    try:
        signal.raise_signal(signal.SIGTERM)
        assert it.stopped
    finally:
        signal.signal(signal.SIGTERM, it.previous)


def test_process_ids():
    assert os.getpid() > 0 and os.getppid() >= 0
    with pytest.raises((ProcessLookupError, PermissionError)):
        os.kill(2**22 + 1, 0)
