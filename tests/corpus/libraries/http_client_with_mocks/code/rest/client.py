import base64
import json
import logging
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http import HTTPStatus

log = logging.getLogger(__name__)


class ApiError(Exception):
    def __init__(self, status, words):
        super().__init__(f"{status.value} {status.phrase}: {words}")
        self.status = status


class NotFound(ApiError):
    pass


@dataclass
class Client:
    base: str
    user: str = ""
    password: str = field(default="", repr=False)
    opener: object = None

    def request(self, method, path, query=None, body=None):
        url = urllib.parse.urljoin(self.base, path.lstrip("/"))
        if query:
            url += "?" + urllib.parse.urlencode(sorted(query.items()), doseq=True)
        request = urllib.request.Request(url, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self.user:
            token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {token}")
        try:
            with (self.opener or urllib.request.urlopen)(request) as response:
                return self._body(response)
        except urllib.error.HTTPError as error:
            kind = NotFound if error.code == 404 else ApiError
            raise kind(HTTPStatus(error.code), error.read().decode(errors="replace")) from None

    def _body(self, response):
        text = response.read()
        log.debug("%s gave %d bytes", response.url, len(text))
        return json.loads(text) if response.headers.get("Content-Type", "").startswith("application/json") else text

    def pages(self, path):
        page = 1
        while page:
            answer = self.request("GET", path, {"page": page})
            yield from answer["items"]
            page = answer.get("next")
