import itertools

import pytest

from verify import url

SCHEMES = ["http", "https", "ftp"]
HOSTS = ["example.com", "localhost", "127.0.0.1", "[::1]", "user:secret@example.com", "xn--d1acufc.example"]
PORTS = ["", ":80", ":65535"]
PATHS = ["", "/", "/a/b.html", "/?q=1&r=2", "/#part"]
ALL = ["".join((scheme, "://", *rest)) for scheme, *rest in itertools.product(SCHEMES, HOSTS, PORTS, PATHS)]


@pytest.mark.parametrize("value", ALL)
def test_valid(value):
    assert url(value)


@pytest.mark.parametrize(
    "value",
    ["", "http://", "://x", "x", "mailto:a@b.c", "http:///a", "http://a b", "http://-a.b", "http://a:99999", "javascript:1"],
)
def test_invalid(value):
    assert not url(value)


def test_own_schemes():
    assert url("redis://localhost", schemes=["redis"])
    assert not url("http://localhost", schemes=["redis"])
