import ssl
import urllib.error
from unittest import mock

import pytest

import client


def raising(error):
    return mock.Mock(side_effect=error)


@pytest.mark.parametrize(
    "error, words",
    [
        (ssl.SSLError("bad"), "tls"),
        (TimeoutError(), "network"),
        (urllib.error.URLError("down"), "network"),
        (OSError("else"), "other"),
    ],
    ids=["ssl", "timeout", "url", "os"],
)
def test_errors_are_explained(error, words):
    assert client.fetch("https://x.example", opener=raising(error)) == words


def test_ssl_errors_are_os_errors():
    assert issubclass(ssl.SSLError, OSError)
    assert issubclass(ssl.SSLCertVerificationError, (ssl.SSLError, ValueError))


def test_plain_http_is_refused():
    with pytest.raises(client.Insecure):
        client.context_for("http://x.example")


def test_context_is_made_for_servers():
    make = mock.Mock(return_value="context")
    assert client.context_for("https://x.example", make) == "context"
    make.assert_called_once_with(purpose=ssl.Purpose.SERVER_AUTH)


def test_patched_context():
    with mock.patch("ssl.create_default_context") as make:
        assert ssl.create_default_context() is make.return_value
