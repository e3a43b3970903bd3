import argparse
import base64
import binascii
import codecs
import csv
import difflib
import email
import email.policy
import fnmatch
import gettext
import hashlib
import html
import io
import json
import locale
import pprint
import re
import shlex
import string
import textwrap
import unicodedata
import urllib.parse
import uuid
import zlib
from email.message import EmailMessage
import pytest


def test_json_round_trip():
    data = {"a": [1, 2.5, None, True], "ü": "€", "n": {"x": "y"}}
    assert json.loads(json.dumps(data)) == data
    assert (
        json.dumps(data, sort_keys=True, ensure_ascii=True)
        == '{"a": [1, 2.5, null, true], "n": {"x": "y"}, "\\u00fc": "\\u20ac"}'
    )
    with pytest.raises(json.JSONDecodeError, match="Expecting value: line 1 column 1"):
        json.loads("x")
    assert json.loads("1e400") == float("inf")
    assert json.loads("123456789012345678901234567890") == 123456789012345678901234567890


def test_re_heavy():
    text = "key=value; other=thing; n=12 " * 2000
    assert len(re.findall(r"(\w+)=(\w+)", text)) == 6000
    assert re.sub(r"(?P<k>\w+)=(?P<v>\w+)", r"\g<v>=\g<k>", "a=b") == "b=a"
    assert re.fullmatch(r"(?i:straße)", "STRASSE") is None
    assert re.match(r"(a|b)*c", "ab" * 5000 + "c")
    assert re.split(r"[,;]\s*", "a, b;c") == ["a", "b", "c"]
    assert re.compile(r"(?x) a  # comment\n b").pattern


def test_unicode():
    assert unicodedata.normalize("NFC", "e\u0301") == "é" and unicodedata.name("é") == "LATIN SMALL LETTER E WITH ACUTE"
    assert unicodedata.category("A") == "Lu" and unicodedata.east_asian_width("漢") == "W"
    assert "ß".upper() == "SS" and "İ".lower() == "i̇" and "ﬁ".casefold() == "fi"
    assert "ǆ".title() == "ǅ" and "١".isdigit() and int("١٢") == 12


def test_textwrap_and_shlex():
    assert textwrap.fill("the quick brown fox jumps", 10) == "the quick\nbrown fox\njumps"
    assert shlex.split("a 'b c' \"d e\"") == ["a", "b c", "d e"] and shlex.quote("a b") == "'a b'"
    assert textwrap.shorten("hello world again", 12, placeholder="...") == "hello..."


def test_csv():
    out = io.StringIO()
    w = csv.DictWriter(out, ["a", "b"])
    w.writeheader()
    w.writerow({"a": 'x "y"', "b": "1,2"})
    assert out.getvalue() == 'a,b\r\n"x ""y""","1,2"\r\n'
    assert list(csv.reader(io.StringIO("a;b\n1;2"), delimiter=";")) == [["a", "b"], ["1", "2"]]
    assert csv.Sniffer().sniff("a;b;c\n1;2;3\n").delimiter == ";"


def test_email():
    m = EmailMessage()
    m["Subject"] = "Grüße"
    m["From"] = "a@example.org"
    m["To"] = "b@example.org"
    m.set_content("Hällo\n")
    m.add_attachment(b"data", maintype="application", subtype="octet-stream", filename="x.bin")
    again = email.message_from_bytes(bytes(m), policy=email.policy.default)
    assert again["Subject"] == "Grüße" and again.get_body().get_content() == "Hällo\n"
    assert [p.get_filename() for p in again.iter_attachments()] == ["x.bin"]


def test_argparse_help(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    p = argparse.ArgumentParser(
        prog="tool", description="A tool that does many things with a long description that wraps around."
    )
    p.add_argument(
        "--verbose", action="store_true", help="say more about everything that happens while it runs, at length"
    )
    p.add_argument("path", nargs="+")
    text = p.format_help()
    assert "usage: tool [-h] [--verbose] path [path ...]" in text and max(map(len, text.splitlines())) <= 80
    with pytest.raises(SystemExit) as e:
        p.parse_args([])
    assert e.value.code == 2 and "the following arguments are required: path" in capsys.readouterr().err


def test_codecs():
    assert codecs.encode("hello", "rot13") == "uryyb" and "ä".encode("latin-1") == b"\xe4"
    assert "日本".encode("shift_jis").decode("shift_jis") == "日本" and "a".encode("utf-16")[:2] == b"\xff\xfe"
    assert "bücher.example".encode("idna") == b"xn--bcher-kva.example"
    assert (
        b"abc".hex("-") == "61-62-63"
        and base64.b85encode(b"hello") == b"Xk~0{Zv"
        and binascii.crc32(b"x") == 2363233923
    )
    assert zlib.decompress(zlib.compress(b"a" * 10000)) == b"a" * 10000
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode()
    for name in "cp1252 iso8859-15 gb18030 big5 euc-kr koi8-r utf-7 punycode mac-roman hz".split():
        assert "abc".encode(name).decode(name) == "abc"


def test_hashes():
    assert (
        hashlib.sha256(b"x").hexdigest().startswith("2d711642b726b044")
        and hashlib.md5(b"x").hexdigest() == "9dd4e461268c8034f5c8564e155c67a6"
    )
    assert hashlib.new("sha1", b"x").hexdigest() == "11f6ad8ec52a2984abaafd7c3b516503785c2072"
    assert hashlib.blake2b(b"x", digest_size=8).hexdigest() and hashlib.sha3_256(b"").hexdigest().startswith("a7ffc6f8")
    assert (
        hashlib.pbkdf2_hmac("sha256", b"pw", b"salt", 10).hex()
        == hashlib.pbkdf2_hmac("sha256", b"pw", b"salt", 10).hex()
    )
    assert "sha256" in hashlib.algorithms_available and {"md5", "sha512"} <= hashlib.algorithms_guaranteed


def test_uuid():
    assert str(uuid.uuid5(uuid.NAMESPACE_DNS, "python.org")) == "886313e1-3b8a-5372-9b90-0c9aee199e5d"
    assert uuid.uuid4().version == 4 and uuid.uuid1().version == 1 and uuid.uuid3(uuid.NAMESPACE_URL, "x").version == 3


def test_urls():
    u = urllib.parse.urlsplit("https://user:pw@host:8080/p/a?q=1&q=2#f")
    assert (u.port, u.hostname, urllib.parse.parse_qs(u.query)) == (8080, "host", {"q": ["1", "2"]})
    assert (
        urllib.parse.quote("a b/ü") == "a%20b/%C3%BC" and urllib.parse.urljoin("http://a/b/c", "../d") == "http://a/d"
    )


def test_locale():
    assert locale.setlocale(locale.LC_ALL, "C") == "C" and locale.localeconv()["decimal_point"] == "."
    assert locale.getpreferredencoding().lower().replace("-", "") in ("utf8", "ansi_x3.41968", "usascii")
    with pytest.raises(locale.Error):
        locale.setlocale(locale.LC_ALL, "xx_YY.nothing")
    assert locale.format_string("%d", 12345, grouping=True) == "12345" and locale.strcoll("a", "b") < 0
    assert gettext.gettext("hello") == "hello" and gettext.NullTranslations().ngettext("a", "b", 2) == "b"
    assert locale.getlocale() in ((None, None), ("en_US", "UTF-8"), ("C", "UTF-8"))


def test_difflib_pprint():
    assert list(difflib.unified_diff(["a"], ["b"], lineterm=""))[2:] == ["@@ -1 +1 @@", "-a", "+b"]
    assert difflib.get_close_matches("appel", ["ape", "apple", "peach"]) == ["apple", "ape"]
    assert pprint.pformat({"b": 1, "a": [1] * 30}, width=40).startswith("{'a': [1,")
    assert (
        html.escape("<a>") == "&lt;a&gt;"
        and html.unescape("&eacute;") == "é"
        and fnmatch.filter(["a.py", "b.c"], "*.py") == ["a.py"]
    )
    assert string.Template("$a ${b}").substitute(a=1, b=2) == "1 2" and string.capwords("a b") == "A B"
