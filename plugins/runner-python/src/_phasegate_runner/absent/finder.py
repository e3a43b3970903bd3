"""Finds the modules that the component lacks, after every other finder.

A module of Windows or of an older Python is found only where nothing would handle its absence: code that guards the
import (`except ImportError`, `find_spec`) takes the same way here as with CPython on Linux.
"""

import ast
import importlib.machinery
import importlib.util
import linecache
import sys

from . import addresses, build, processes, system, tls
from .build import FOREIGN, LACKING
from .calls import refused

# Functions written in Python over a class that is refused: their own name says more.
_REFUSED = {
    "bz2": "compress",
    "lzma": "compress",
    "ssl": "create_default_context get_server_certificate _create_unverified_context _create_stdlib_context",
}
_GUARDS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_MACHINERY = {importlib.import_module.__code__.co_filename, importlib.util.find_spec.__code__.co_filename}


class AbsentFinder:
    """Both finder and loader. It has no state."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in LACKING or (name in FOREIGN and _is_imported_unguarded()):
            return importlib.machinery.ModuleSpec(name, AbsentFinder, origin="phasegate")
        return None

    @staticmethod
    def create_module(spec):
        return None

    @staticmethod
    def exec_module(module):
        build.fill(module)


def install():
    """Makes the modules importable. Call it before the standard library is imported, so that it sees them."""
    if AbsentFinder not in sys.meta_path:
        sys.meta_path.append(AbsentFinder)
    if sys.platform == "wasi":
        # Not `posix`: modules that find `fork` expect threads.
        for name in ("_socket", "errno", "select"):
            build.fill(importlib.import_module(name))
        addresses.install()


def finish():
    """Refuses functions whose own code would fail later and with less clear words. Call it after the imports."""
    if sys.platform == "wasi":
        build.fill(sys.modules["posix"])
        build.copy_missing("posix", "os")
        build.copy_missing("_socket", "socket")
        processes.refuse_to_start()
        system.restrict_locales()
    for name, functions in _REFUSED.items():
        module = sys.modules.get(name)
        if module is None or not _lacks_its_core(module):
            continue
        for function in functions.split():
            setattr(module, function, refused(f"{name}.{function}"))
        if name == "ssl":
            tls.allow_handlers(module)


def _lacks_its_core(module) -> bool:
    core = sys.modules.get(f"_{module.__name__}")
    return getattr(core, "__spec__", None) is not None and core.__spec__.loader is AbsentFinder


def _is_imported_unguarded() -> bool:
    """Returns whether supplied code imports a module outside of anything that handles an ImportError."""
    frame = sys._getframe(2)
    while frame is not None and _is_machinery(frame.f_code.co_filename):
        if frame.f_code is importlib.util.find_spec.__code__:
            return False
        frame = frame.f_back
    lines = linecache.cache.get(frame.f_code.co_filename, (0, None, []))[2] if frame is not None else []
    if not lines:
        # The standard library guards all its imports of such modules.
        return False
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:
        return False
    return not any(_guards(node, frame.f_lineno) for node in ast.walk(tree))


def _is_machinery(filename: str) -> bool:
    return filename in _MACHINERY or filename.startswith("<frozen importlib")


def _guards(node, line: int) -> bool:
    if isinstance(node, (ast.Try, ast.TryStar)):
        types = [handler.type for handler in node.handlers]
        body = node.body
    elif isinstance(node, ast.With):
        types = [item.context_expr for item in node.items]
        body = node.body
    else:
        return False
    if not body[0].lineno <= line <= body[-1].end_lineno:
        return False
    names = {n.id for kind in types if kind is not None for n in ast.walk(kind) if isinstance(n, ast.Name)}
    return None in types or bool(names & _GUARDS)
