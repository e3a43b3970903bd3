import errno
from unittest import mock

import pytest

from portable import locks


def test_lock(tmp_path):
    with locks.locked(tmp_path / "lock") as fd:
        assert fd >= 0
    with locks.locked(tmp_path / "lock"):
        pass


def test_already_locked(tmp_path, monkeypatch):
    fake = mock.Mock(LOCK_EX=2, LOCK_NB=4)
    fake.lockf.side_effect = BlockingIOError(errno.EAGAIN, "busy")
    monkeypatch.setattr(locks, "fcntl", fake)
    with pytest.raises(locks.AlreadyLocked), locks.locked(tmp_path / "lock"):
        pass


def test_on_the_other_system(tmp_path, monkeypatch):
    fake = mock.Mock(LK_NBLCK=2)
    monkeypatch.setattr(locks, "fcntl", None)
    monkeypatch.setattr(locks, "msvcrt", fake)
    with locks.locked(tmp_path / "lock") as fd:
        fake.locking.assert_called_once_with(fd, 2, 1)
