from unittest import mock

import pytest

import hostinfo


def test_lines_are_appended(tmp_path):
    for line in "ab":
        hostinfo.append_line(tmp_path / "log", line)
    assert (tmp_path / "log").read_text() == "a\nb\n"


def test_locked_file(tmp_path, monkeypatch):
    monkeypatch.setattr(hostinfo.fcntl, "flock", mock.Mock(side_effect=BlockingIOError()))
    with pytest.raises(hostinfo.Locked):
        hostinfo.append_line(tmp_path / "log", "a")


def test_workers():
    assert hostinfo.workers(4) == 4
    assert hostinfo.workers() >= 1


def test_one_job_needs_no_pool():
    assert hostinfo.run(abs, [-1, 2]) == [1, 2]


def test_user_name_is_text():
    assert hostinfo.user_name()


def test_memory_is_a_number():
    assert hostinfo.memory_kib() >= 0
