"""Gives `os`, `time`, `signal`, `hashlib` and `subprocess` what a plain Linux has and the component lacks."""

import hashlib
import os
import signal
import sys

from .. import project
from ..builtin import as_builtin
from . import clock, identity, localtime, passwords, processes, signals

_VARIABLES = {
    "HOME": "/home/sandbox",
    "LANG": "C.UTF-8",
    "LOGNAME": "sandbox",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "SHELL": "/bin/sh",
    "TMPDIR": "/tmp",
    "USER": "sandbox",
}
_installed: list[bool] = []


def install():
    """Replaces and adds the functions, once."""
    if _installed:
        return
    _installed.append(True)
    identity.install()
    processes.install()
    clock.install()
    localtime.install()
    signals.install()
    for name in ("pbkdf2_hmac", "scrypt"):
        if not hasattr(hashlib, name):
            setattr(hashlib, name, as_builtin(getattr(passwords, name)))


def start():
    """Begins a call: the environment variables of a plain Linux, no handler, no timer."""
    install()
    os.environ.clear()
    os.environ.update(_VARIABLES)
    sys.executable = project.EXECUTABLE
    clock.reset()
    localtime.reset()
    signals.reset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
