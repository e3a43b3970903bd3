import sys

import pytest

import paths


@pytest.mark.parametrize(
    "name, environ, folder",
    [
        ("win32", {"APPDATA": "C:\\Data"}, "C:\\Data\\app"),
        ("darwin", {"HOME": "/Users/me"}, "/Users/me/Library/Application Support/app"),
        ("linux", {"HOME": "/home/me"}, "/home/me/.local/share/app"),
        ("linux", {"HOME": "/home/me", "XDG_DATA_HOME": "/data"}, "/data/app"),
    ],
)
def test_patched_platform(monkeypatch, name, environ, folder):
    monkeypatch.setattr(sys, "platform", name)
    assert paths.data_folder("app", environ) == folder


def test_this_platform():
    assert paths.data_folder("app", {"HOME": "/h"}) in ("/h/.local/share/app", "/h/Library/Application Support/app")


def test_posix():
    assert paths.is_posix()


def test_description():
    assert paths.describe() in ("CPython on Linux", "CPython on Darwin")
