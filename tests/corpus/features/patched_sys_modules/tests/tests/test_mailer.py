import sys
from unittest import mock

import pytest

from mailer import send


def test_accepted():
    sendgrid = mock.MagicMock()
    sendgrid.Client.return_value.send.return_value.status = 202
    with mock.patch.dict(sys.modules, {"sendgrid": sendgrid}):
        assert send("a@b.example", "hi")
    sendgrid.Client.return_value.send.assert_called_once_with(to="a@b.example", body="hi")


def test_refused(monkeypatch):
    sendgrid = mock.MagicMock()
    sendgrid.Client.return_value.send.return_value.status = 500
    monkeypatch.setitem(sys.modules, "sendgrid", sendgrid)
    assert not send("a@b.example", "hi")


def test_blocked_module(monkeypatch):
    monkeypatch.setitem(sys.modules, "sendgrid", None)
    with pytest.raises(ImportError):
        send("a@b.example", "hi")
