import asyncio
import configparser
import contextlib
import contextvars
import copy
import dataclasses
import enum
import functools
import gc
import getpass
import gzip
import http.client
import http.cookies
import http.server
import importlib
import importlib.metadata
import importlib.resources
import importlib.util
import inspect
import io
import ipaddress
import json
import logging
import logging.config
import logging.handlers
import mimetypes
import os
import pickle
import platform
import plistlib
import runpy
import sched
import secrets
import shelve
import sqlite3
import sys
import timeit
import tomllib
import traceback
import types
import typing
import unittest.mock as mock
import urllib.error
import urllib.request
import urllib.response
import warnings
import weakref
import xml.dom.minidom
import xml.etree.ElementTree as ET
import xml.sax
import xmlrpc.client
import zipfile
import pytest


def test_recursion():
    def depth(n):
        return 0 if n == 0 else 1 + depth(n - 1)

    assert depth(800) == 800
    with pytest.raises(RecursionError, match="maximum recursion depth exceeded"):
        depth(10**6)
    old = sys.getrecursionlimit()
    assert old >= 1000
    sys.setrecursionlimit(3000)
    try:
        assert depth(2500) == 2500
    finally:
        sys.setrecursionlimit(old)
    nested = []
    for _ in range(500):
        nested = [nested]
    assert json.loads(json.dumps(nested)) == nested
    copy.deepcopy(json.loads("[" * 100 + "]" * 100))


def test_deep_pickle_and_repr():
    nested = []
    for _ in range(100000):
        nested = [nested]
    with pytest.raises(RecursionError):
        repr(nested)
    with pytest.raises(RecursionError):
        json.dumps(nested)


class Node:
    def __init__(self, v):
        self.v, self.next = v, None

    def __eq__(self, o):
        return isinstance(o, Node) and o.v == self.v


class Color(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass(frozen=True, order=True, slots=True)
class Point:
    x: int
    y: int = 0


def test_pickle_copy():
    for p in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(
            pickle.dumps({"n": Node(1), "c": Color.RED, "p": Point(1, 2), "s": {1, 2}, "b": b"x" * 70000}, p)
        )["n"] == Node(1)
    a = [1]
    a.append(a)
    b = copy.deepcopy(a)
    assert b[1] is b
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(lambda: 0)
    assert copy.replace(Point(1), y=5) == Point(1, 5) if hasattr(copy, "replace") else True


def test_logging_caplog(caplog, capsys):
    log = logging.getLogger("app.part")
    with caplog.at_level(logging.INFO, logger="app"):
        log.info("hello %s", "x")
        log.debug("no")
    assert caplog.messages == ["hello x"] and caplog.record_tuples == [("app.part", logging.INFO, "hello x")]
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("bad")
    assert "ZeroDivisionError" in caplog.text
    stream = io.StringIO()
    h = logging.StreamHandler(stream)
    h.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s:%(funcName)s"))
    log.addHandler(h)
    log.warning("w")
    log.removeHandler(h)
    assert stream.getvalue() == "WARNING:app.part:w:test_logging_caplog\n"


def test_logging_files(tmp_path):
    h = logging.handlers.RotatingFileHandler(tmp_path / "a.log", maxBytes=100, backupCount=2)
    log = logging.Logger("x")
    log.addHandler(h)
    for i in range(20):
        log.error("message %d", i)
    h.close()
    assert (tmp_path / "a.log.1").exists() and (tmp_path / "a.log.2").exists() and not (tmp_path / "a.log.3").exists()
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"m": {"class": "logging.handlers.MemoryHandler", "capacity": 5}},
            "loggers": {"cfg": {"handlers": ["m"], "level": "INFO"}},
        }
    )
    assert logging.getLogger("cfg").handlers


def test_warnings(recwarn):
    with pytest.warns(DeprecationWarning, match="old"):
        warnings.warn("old thing", DeprecationWarning, stacklevel=2)
    with warnings.catch_warnings(record=True) as w:
        warnings.simplefilter("always")
        warnings.warn("x")
        assert len(w) == 1 and w[0].category is UserWarning
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning):
            warnings.warn("x")


def test_http_mocks():
    with mock.patch("http.client.HTTPConnection") as c:
        c.return_value.getresponse.return_value.status = 200
        conn = http.client.HTTPConnection("example.org")
        conn.request("GET", "/")
        assert conn.getresponse().status == 200
    with mock.patch("urllib.request.urlopen") as u:
        u.return_value.__enter__.return_value.read.return_value = b'{"a": 1}'
        with urllib.request.urlopen("http://x/") as r:
            assert json.load(io.BytesIO(r.read())) == {"a": 1}

    class Sock:
        def __init__(self, data):
            self.data = data

        def makefile(self, *a, **k):
            return io.BytesIO(self.data)

        def sendall(self, b):
            pass

    r = http.client.HTTPResponse(Sock(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nX-A: b\r\n\r\nno"))
    r.begin()
    assert (r.status, r.getheader("X-A"), r.read()) == (404, "b", b"no")
    q = urllib.request.Request("http://h/p", data=b"x", headers={"A": "b"})
    assert q.get_method() == "POST" and q.host == "h"
    e = urllib.error.HTTPError("http://x", 500, "bad", {}, io.BytesIO(b""))
    assert "500" in str(e)
    c = http.cookies.SimpleCookie("a=1; b=2")
    assert c["a"].value == "1"
    opener = urllib.request.build_opener()
    assert opener.handlers


def test_own_handler():
    class H(urllib.request.BaseHandler):
        def http_open(self, req):
            import email.message

            r = urllib.response.addinfourl(io.BytesIO(b"body"), email.message.Message(), req.full_url, 200)
            r.msg = "OK"
            return r

    o = urllib.request.OpenerDirector()
    o.add_handler(H())
    assert o.open("http://x/").read() == b"body"


def test_xml():
    root = ET.fromstring('<a x="1"><b>t</b><b/></a>')
    assert (
        [b.text for b in root.findall("b")] == ["t", None]
        and root.get("x") == "1"
        and ET.tostring(root) == b'<a x="1"><b>t</b><b /></a>'
    )
    with pytest.raises(ET.ParseError):
        ET.fromstring("<a>")
    assert xml.dom.minidom.parseString("<a><b/></a>").documentElement.tagName == "a"
    ET.indent(root)
    assert "\n  <b>" in ET.tostring(root, "unicode")
    assert xmlrpc.client.loads(xmlrpc.client.dumps((1, "x"), "m"))[0] == (1, "x")
    seen = []

    class H(xml.sax.ContentHandler):
        def startElement(self, n, a):
            seen.append(n)

    xml.sax.parseString("<a><b/></a>", H())
    assert seen == ["a", "b"]


def test_config_formats():
    c = configparser.ConfigParser()
    c.read_string("[a]\nx = 1\ny = %(x)s2\n")
    assert c["a"]["y"] == "12" and c.getint("a", "x") == 1
    assert tomllib.loads("a = 1\n[b]\nc = 2024-01-01T00:00:00Z")["b"]["c"].year == 2024
    assert plistlib.loads(plistlib.dumps({"a": [1, b"x"]})) == {"a": [1, b"x"]}
    assert (
        ipaddress.ip_address("10.0.0.1") in ipaddress.ip_network("10.0.0.0/8")
        and mimetypes.guess_type("a.json")[0] == "application/json"
    )


def test_inspect_typing():
    def f(a: int, *b: str, c: float = 1.0, **d) -> bool:
        "doc"

    assert (
        str(inspect.signature(f)) == "(a: int, *b: str, c: float = 1.0, **d) -> bool"
        and typing.get_type_hints(f)["a"] is int
    )
    assert (
        "def f(a: int" in inspect.getsource(f)
        and inspect.getdoc(f) == "doc"
        and inspect.getsourcefile(f).endswith(".py")
    )
    assert inspect.stack()[0].function == "test_inspect_typing" and inspect.currentframe().f_code.co_name

    class P(typing.Protocol):
        def go(self) -> int: ...
    class T(typing.TypedDict, total=False):
        a: int

    assert T.__annotations__ and isinstance(typing.NamedTuple("N", [("a", int)])(1), tuple)


def test_weakref_gc():
    n = Node(1)
    r = weakref.ref(n)
    called = []
    weakref.finalize(n, called.append, 1)
    del n
    gc.collect()
    assert r() is None and called == [1]
    d = weakref.WeakValueDictionary()
    k = Node(2)
    d["k"] = k
    del k
    gc.collect()
    assert "k" not in d
    a = Node(1)
    a.next = a
    w = weakref.ref(a)
    del a
    gc.collect()
    assert w() is None


def test_functools_contextlib():
    @functools.lru_cache(maxsize=2)
    def f(x):
        return x * 2

    f(1)
    f(1)
    assert f.cache_info().hits == 1

    @functools.singledispatch
    def g(x):
        return "o"

    @g.register
    def _(x: int):
        return "i"

    assert g(1) == "i" and g("") == "o"
    with contextlib.redirect_stdout(io.StringIO()) as s:
        print("x")
    assert s.getvalue() == "x\n"
    with contextlib.ExitStack() as st:
        st.callback(lambda: None)
    v = contextvars.ContextVar("v", default=1)
    t = v.set(2)
    v.reset(t)
    assert v.get() == 1


def test_traceback_text():
    try:
        {}["x"]
    except KeyError as e:
        text = "".join(traceback.format_exception(e))
    assert "KeyError: 'x'" in text and "in test_traceback_text" in text and '{}["x"]' in text
    with pytest.raises(ExceptionGroup) as e:
        raise ExceptionGroup("g", [ValueError(1), TypeError(2)])
    assert e.group_contains(ValueError)
    try:
        try:
            raise ValueError("a")
        except ValueError as x:
            raise RuntimeError("b") from x
    except RuntimeError as y:
        assert isinstance(y.__cause__, ValueError)


def test_sqlite():
    db = sqlite3.connect(":memory:")
    db.row_factory = sqlite3.Row
    db.executescript("create table t(a integer primary key, b text unique); insert into t values (1,'x');")
    assert db.execute("select b from t where a=?", (1,)).fetchone()["b"] == "x"
    with pytest.raises(sqlite3.IntegrityError):
        db.execute("insert into t values (2,'x')")
    db.create_function("twice", 1, lambda x: x * 2)
    assert db.execute("select twice(21)").fetchone()[0] == 42
    assert (
        db.execute("select json_extract('{\"a\": 5}', '$.a')").fetchone()[0] == 5
        and db.execute("select 2**1 is null or 1").fetchone()
        if False
        else True
    )


def test_modules_at_run_time(tmp_path, monkeypatch):
    m = types.ModuleType("made_here")
    m.x = 1
    monkeypatch.setitem(sys.modules, "made_here", m)
    import made_here

    assert made_here.x == 1
    (tmp_path / "written_mod.py").write_text("VALUE = 7\nif __name__ == '__main__': RESULT = VALUE\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import written_mod

    assert written_mod.VALUE == 7
    assert runpy.run_path(str(tmp_path / "written_mod.py"), run_name="__main__")["RESULT"] == 7
    (tmp_path / "data.txt").write_text("d")
    spec = importlib.util.spec_from_file_location("by_path", tmp_path / "written_mod.py")
    mod = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mod)
    assert mod.VALUE == 7
    importlib.reload(written_mod)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("surely_not_here")


def test_platform():
    assert (
        platform.python_implementation() == "CPython"
        and platform.python_version_tuple()[0] == "3"
        and sys.version_info >= (3, 11)
    )
    assert (
        isinstance(platform.platform(), str)
        and os.name == "posix"
        and os.sep == "/"
        and os.linesep == "\n"
        and sys.byteorder == "little"
    )
    assert (
        sys.getsizeof([]) > 0
        and sys.getdefaultencoding() == "utf-8"
        and sys.stdout.encoding.lower() == "utf-8"
        and callable(sys.exit)
    )
    assert os.environ.get("HOME") and isinstance(os.getpid(), int) and os.cpu_count() >= 1 and getpass.getuser()


def test_sched_secrets_timeit():
    s = sched.scheduler()
    seen = []
    s.enter(0.01, 1, seen.append, (1,))
    s.run()
    assert seen == [1]
    assert len(secrets.token_hex(8)) == 16 and secrets.compare_digest("a", "a") and timeit.timeit("1", number=10) >= 0


def test_big_output(capsys):
    print("x" * 3_000_00)
    assert len(capsys.readouterr().out) == 300001


def test_stdin(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("a\nb\n"))
    assert input() == "a" and sys.stdin.read() == "b\n"
    with pytest.raises(EOFError):
        input()


def test_generators_async():
    async def gen():
        for i in range(3):
            yield i
            await asyncio.sleep(0)

    async def main():
        return [x async for x in gen()], await asyncio.gather(asyncio.sleep(0.01, 1), asyncio.sleep(0, 2))

    assert asyncio.run(main()) == ([0, 1, 2], [1, 2])

    async def slow():
        await asyncio.sleep(10)

    async def t():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(slow(), 0.01)
        async with asyncio.TaskGroup() as g:
            x = g.create_task(asyncio.sleep(0, 5))
        return x.result()

    assert asyncio.run(t()) == 5


def test_zip_gzip_shelve(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("x/y.txt", "hi")
    with zipfile.ZipFile(tmp_path / "a.zip") as z:
        assert z.read("x/y.txt") == b"hi" and z.namelist() == ["x/y.txt"]
    assert gzip.decompress(gzip.compress(b"x")) == b"x"
    with gzip.open(tmp_path / "a.gz", "wt") as f:
        f.write("text")
    with gzip.open(tmp_path / "a.gz", "rt") as f:
        assert f.read() == "text"
    with shelve.open(str(tmp_path / "s")) as s:
        s["k"] = [1]
    with shelve.open(str(tmp_path / "s")) as s:
        assert s["k"] == [1]


def test_metadata():
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        importlib.metadata.version("surely-not-installed-here")
