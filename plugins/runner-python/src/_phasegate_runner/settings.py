"""The settings of pytest in the project's configuration files that count here. Those that select or hide tests do not.

Patterns are added to pytest's defaults, so that a setting can hide no test. A file that cannot be parsed has no settings.
"""

import posixpath
import re
import shlex
import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from iniconfig import IniConfig, ParseError

# In the order in which pytest looks for them.
_FILES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
_TEST_FILE = re.compile(r"^(test_.*|.*_test|tests)\.py$")


@dataclass
class Settings:
    python_files: list[str] = field(default_factory=list)
    python_classes: list[str] = field(default_factory=lambda: ["Test"])
    python_functions: list[str] = field(default_factory=lambda: ["test"])
    pythonpath: list[str] = field(default_factory=list)
    filterwarnings: list[str] = field(default_factory=list)
    markers: list[str] = field(default_factory=list)
    usefixtures: list[str] = field(default_factory=list)
    log_level: str = ""
    xfail_strict: bool = False

    def is_test_function(self, name: str) -> bool:
        return any(_matches(name, pattern) for pattern in self.python_functions)

    def is_test_class(self, name: str) -> bool:
        return any(_matches(name, pattern) for pattern in self.python_classes)

    def is_test_file(self, path: str) -> bool:
        """Returns whether pytest would look for tests in this file, by its name or by the project's `python_files`."""
        return has_test_name(path) or any(_matches_path(path, pattern) for pattern in self.python_files)

    def must_have_tests(self, path: str) -> bool:
        """Returns whether a test file without any test is a mistake: not if only a pattern such as `*.py` matches it."""
        patterns = (p for p in self.python_files if p.removesuffix(".py").strip("*/?"))
        return has_test_name(path) or any(_matches_path(path, pattern) for pattern in patterns)


def has_test_name(path: str) -> bool:
    """Returns whether a file is a test file whatever the project's settings are."""
    return _TEST_FILE.match(posixpath.basename(path)) is not None


def read_settings(*layers: dict[str, str]) -> Settings:
    """Returns what the first configuration file of each layer (path to text) says, added up."""
    settings = Settings()
    for files in layers:
        _add(settings, next(filter(None, (_section(name, files.get(name)) for name in _FILES)), {}))
    return settings


def _add(settings: Settings, section: dict):
    for name in ("python_files", "python_classes", "python_functions"):
        _extend(getattr(settings, name), _words(section.get(name)))
    _extend(settings.pythonpath, filter(None, map(_inside, _words(section.get("pythonpath")))))
    for name in ("filterwarnings", "markers"):
        _extend(getattr(settings, name), _lines(section.get(name)))
    _extend(settings.usefixtures, _words(section.get("usefixtures")))
    settings.log_level = str(section.get("log_level", "")).strip() or settings.log_level
    strict = section.get("xfail_strict", section.get("strict_xfail", False))
    settings.xfail_strict |= str(strict).strip().lower() in ("true", "1", "yes", "on")


def _section(name: str, text: str | None) -> dict:
    if text is None:
        return {}
    try:
        if name.endswith(".toml"):
            document = tomllib.loads(text)
            table = document.get("tool", {}).get("pytest", {}) if name == "pyproject.toml" else document.get("pytest", {})
            return table.get("ini_options", table)
        sections = IniConfig(name, data=text)
        return dict(sections[title].items()) if (title := "tool:pytest" if name == "setup.cfg" else "pytest") in sections else {}
    except (ParseError, AttributeError, ValueError):
        return {}


def _words(value) -> list[str]:
    try:
        return shlex.split(value) if isinstance(value, str) else _lines(value)
    except ValueError:
        return []


def _lines(value) -> list[str]:
    lines = value.split("\n") if isinstance(value, str) else value if isinstance(value, list) else []
    return [line.strip() for line in lines if isinstance(line, str) and line.strip()]


def _inside(folder: str) -> str | None:
    """Returns the folder as a path inside the project; None for its root, which is searched anyway, and for one outside."""
    folder = posixpath.normpath(folder)
    return None if folder == "." or folder.startswith(("/", "..")) else folder


def _extend(known: list[str], more):
    known.extend(m for m in more if m not in known)


def _matches(name: str, pattern: str) -> bool:
    return name.startswith(pattern) or (any(c in pattern for c in "*?[") and fnmatchcase(name, pattern))


def _matches_path(path: str, pattern: str) -> bool:
    if posixpath.basename(path) in ("__init__.py", "conftest.py", "setup.py") or not path.endswith(".py"):
        return False
    return fnmatchcase(f"/{path}", f"*/{pattern}") if "/" in pattern else fnmatchcase(posixpath.basename(path), pattern)
