"""Tells which modules are here, and explains a missing one. An import that fails is an error where it is executed."""

import importlib.util
import re
import sys

EXTRA = {"pytest", "_pytest", "pluggy", "iniconfig", "packaging"}
# Removed from the standard library by Python 3.12 and 3.13.
_REMOVED = frozenset(
    """aifc asynchat asyncore audioop binhex cgi cgitb chunk crypt distutils imghdr imp lib2to3 mailcap msilib nis nntplib
    ossaudiodev pipes smtpd sndhdr spwd sunau telnetlib uu xdrlib""".split()
)
_MISSING_MODULE = re.compile(r"^(E +ModuleNotFoundError: No module named '([^'\n]+)')$", re.MULTILINE)


def available(name: str) -> bool:
    """Returns whether this module of the standard library or of pytest can be imported here."""
    top = name.partition(".")[0]
    if top not in sys.stdlib_module_names and top not in EXTRA:
        return False
    if name in sys.modules:
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def missing_module_hint(error: BaseException) -> str:
    """Returns what to add to the message of a failed import: why the sandbox lacks this module, or nothing."""
    if not isinstance(error, ModuleNotFoundError) or not isinstance(error.name, str):
        return ""
    return _hint(error.name)


def explain_missing_modules(text: str) -> str:
    """Adds the same hint to each missing module that a failure report names."""
    return _MISSING_MODULE.sub(lambda found: found[1] + _hint(found[2]), text)


def _hint(name: str) -> str:
    # A dotted name belongs to a package that was found.
    if "." in name:
        return ""
    if name in _REMOVED:
        return ": removed from the standard library by Python 3.13 or earlier"
    if name in sys.stdlib_module_names:
        return ": this part of the standard library is not in the sandbox"
    return ": only the standard library, pytest and the supplied files are here"
