import subprocess
from unittest import mock

from tools import has, version


def test_version():
    assert version() == (1, 2, 3)


def test_version_of_a_mocked_process():
    run = mock.Mock(return_value=subprocess.CompletedProcess([], 0, stdout="4.5\n"))
    assert version(run) == (4, 5)


def test_missing_program():
    assert not has("a-program-that-nobody-has")
