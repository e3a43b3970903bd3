"""Describes what code can rely on: language version, modules, test frameworks, notes. Read by people and models."""

import json
import platform
import sys

import pytest

from .imports import available

# Importable, but useless here: they need a network, processes, threads, a terminal or missing libraries.
_UNUSABLE = frozenset(
    """antigravity bz2 cProfile cmd code codeop compileall ctypes curses ensurepip faulthandler fileinput ftplib getpass idlelib
    imaplib lib2to3 lzma mailbox modulefinder multiprocessing nntplib ntpath nturl2path pdb pickletools poplib posix profile
    pstats pty py_compile pyclbr pydoc pydoc_data rlcompleter select selectors signal site smtplib socket socketserver
    ssl subprocess sysconfig tabnanny telnetlib termios this timeit tkinter trace tracemalloc turtle turtledemo tty venv
    webbrowser wsgiref xmlrpc zipapp zipimport""".split()
)

NOTES = [
    "The standard library modules listed here, pytest and the project's own files work; nothing can be installed.",
    "bz2, ctypes, curses, lzma, ssl, termios and tkinter can be imported, but calls raise (mostly NotImplementedError): replace them in tests.",
    "There is one user, `sandbox`, without terminal or display. Modules of Windows such as winreg are missing, as on Linux, where code handles that.",
    "There are no pytest plugins: instead of pytest-mock use unittest.mock or monkeypatch.",
    "`async def` tests run by themselves (asyncio.run); async fixtures do not.",
    "Files live in memory and are gone after the run: open, pathlib, os, shutil, tempfile, tmp_path, archives, links, pipes and sqlite3 work on them.",
    "SQLite has JSON but no FTS5, R*Tree, WAL files or extensions; a second connection cannot read while another one holds uncommitted changes.",
    "The project's files are in the current folder, /home/sandbox/project; code finds them by Path(__file__).parent.",
    "There is no network: sockets raise PermissionError. Keep requests behind a function that tests replace.",
    "There are no processes: starting a program raises OSError, or FileNotFoundError if a plain Linux does not have it.",
    "Signals that the process sends to itself run their handlers. signal.alarm and setitimer fire only while the code sleeps or waits.",
    "Local time is UTC; after time.tzset only the functions of time follow TZ, not datetime: use zoneinfo. hashlib.scrypt and pbkdf2_hmac are slow: use small parameters in tests.",
    "threading, queue, concurrent.futures.ThreadPoolExecutor and ThreadPool work, but threads take turns: one runs until it waits (lock, queue, join, sleep), so data races do not show. Let loops that wait for another thread sleep or use an Event.",
    "When all threads wait for each other, the test fails with `deadlock:` and the line of each wait.",
    "asyncio works without sockets: run, tasks, sleep, queues, timeouts, run_in_executor, to_thread and run_coroutine_threadsafe.",
    "Python has 32 bits here: sys.maxsize is 2**31 - 1, len(range(10**10)) raises OverflowError, native struct sizes, hash values and the order of sets differ from 64-bit CPython: use formats such as '<q', compare sorted(...), never assert hash values.",
    "The last digits of math functions can differ from Linux: compare floats with math.isclose or pytest.approx.",
    "Clocks are virtual and randomness is seeded: time.sleep returns at once; never assert measured durations.",
    "Modules are imported from the project's root, src/ and pytest's pythonpath; code may extend sys.path. Tests also see their own folder.",
    "A missing package fails where it is imported: tests may put a stub into sys.modules, in conftest.py or in a file beside them.",
    "Each test file (test_*.py, *_test.py or tests.py) must contain a test. It runs alone in a fresh interpreter with bounded memory, time and output.",
]


def modules() -> list[str]:
    """Returns the importable and usable modules, sorted."""
    names = (n for n in sys.stdlib_module_names if not n.startswith("_") and n not in _UNUSABLE)
    return sorted([*(n for n in names if available(n)), "pytest"])


def describe() -> str:
    """Returns the environment as a JSON object."""
    facts = {
        "language": "python",
        "version": platform.python_version(),
        "modules": modules(),
        "test_frameworks": ["pytest", "unittest"],
        "notes": [*NOTES[:3], f"Tests are run by pytest {pytest.__version__}; unittest classes run too.", *NOTES[3:]],
    }
    return json.dumps(facts)
