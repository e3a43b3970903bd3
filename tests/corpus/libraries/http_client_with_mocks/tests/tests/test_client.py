import email.message
import io
import json
import logging
import urllib.error

import pytest

from rest import ApiError, Client, NotFound


class Response(io.BytesIO):
    def __init__(self, body, kind="application/json", url="http://x.example/"):
        super().__init__(body if isinstance(body, bytes) else json.dumps(body).encode())
        self.headers, self.url = email.message.Message(), url
        self.headers["Content-Type"] = kind


@pytest.fixture
def sent():
    return []


@pytest.fixture
def client(sent):
    answers = {}

    def opener(request):
        sent.append(request)
        answer = answers[request.get_method(), request.full_url]
        if isinstance(answer, int):
            raise urllib.error.HTTPError(request.full_url, answer, "no", {}, io.BytesIO(b"because"))
        return answer

    client = Client("http://x.example/api/", "me", "secret", opener)
    client.answers = answers
    return client


def test_get(client, sent):
    client.answers["GET", "http://x.example/api/a?tag=1&tag=2&z=%C3%A9"] = Response({"ok": True})
    assert client.request("GET", "/a", {"z": "é", "tag": [1, 2]}) == {"ok": True}
    assert sent[0].get_header("Authorization") == "Basic bWU6c2VjcmV0"


def test_post(client, sent):
    client.answers["POST", "http://x.example/api/a"] = Response(b"", "text/plain")
    assert client.request("POST", "a", body={"n": 1}) == b""
    assert json.loads(sent[0].data) == {"n": 1}


@pytest.mark.parametrize("code, kind", [(404, NotFound), (500, ApiError), (403, ApiError)])
def test_errors(client, code, kind):
    client.answers["GET", "http://x.example/api/a"] = code
    with pytest.raises(ApiError, match=f"{code} .*: because") as caught:
        client.request("GET", "a")
    assert type(caught.value) is kind and caught.value.status == code


def test_pages(client):
    for page, answer in {1: {"items": [1, 2], "next": 2}, 2: {"items": [3]}}.items():
        client.answers["GET", f"http://x.example/api/list?page={page}"] = Response(answer)
    assert list(client.pages("list")) == [1, 2, 3]


def test_log(client, caplog):
    client.answers["GET", "http://x.example/api/a"] = Response([1])
    with caplog.at_level(logging.DEBUG, logger="rest"):
        client.request("GET", "a")
    assert caplog.messages == ["http://x.example/ gave 3 bytes"]


def test_password_is_not_shown(client):
    assert "secret" not in repr(client)


def test_default_opener(monkeypatch):
    seen = []
    monkeypatch.setattr("urllib.request.urlopen", lambda request: seen.append(request) or Response([]))
    assert Client("http://y.example").request("GET", "") == []
    assert seen[0].host == "y.example"
