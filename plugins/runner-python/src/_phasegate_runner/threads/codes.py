"""Makes the coroutine form of a code object from its source: of supplied files when a thread first needs it, of some
modules of the standard library when the component is built.

A function has no such form if its source is not held, if it is asynchronous, or if `transform` cannot rewrite it.
"""

import __future__

import ast
import inspect
import linecache
import os
import sys
import types
import warnings
from dataclasses import dataclass

from . import transform
from .files import is_supplied, text_of

# What blocks in these modules is made from locks, so their source is enough.
LIBRARY = """threading queue sched contextlib concurrent.futures._base concurrent.futures.thread multiprocessing.pool
    multiprocessing.dummy asyncio.base_events asyncio.runners logging.handlers unittest.mock""".split()
# Of this module only the functions that call what a test supplies.
_MOCK_CLASS = "CallableMixin"

_FUTURE_FLAGS = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names})
_ASYNCHRONOUS = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

# By identity, because comparing code objects is slow. Each entry keeps its code object.
_made: dict[int, tuple] = {}
_files: dict[str, dict] = {}
_library_files: set[str] = set()


@dataclass
class _Place:
    """A function's node, the statement of the module that contains it, and the classes between."""

    node: ast.AST
    top: ast.stmt
    classes: list


def coroutine_code(code):
    """Returns the code of the coroutine form, or None."""
    entry = _made.get(id(code))
    if entry is None:
        entry = _made[id(code)] = (code, _make(code) if _has_source(code.co_filename) else None)
    return entry[1]


def find_library():
    """Notes the files of the standard library whose functions can be suspended. Without `prepare_library`, their forms
    are made when needed, if the source can be read then.
    """
    _library_files.update(module.__file__ for module in _library())


def prepare_library():
    """Makes all forms of the standard library while its source can be read."""
    find_library()
    for module in _library():
        if os.path.exists(module.__file__):
            lines = linecache.getlines(module.__file__)
            for function in _functions(module):
                _prepare(function, lines)
            linecache.cache.pop(module.__file__)
    _files.clear()


def _library():
    return [module for module in map(sys.modules.get, LIBRARY) if module is not None]


def _prepare(function, lines):
    """Makes the forms of a function and of the functions in it. Parses only its lines, because memory that is used at
    build time stays in the component.
    """
    code = function.__code__
    owners = function.__qualname__.split(".")[:-1]
    if code.co_filename not in _library_files or "<locals>" in owners:
        return
    if function.__module__ == "unittest.mock" and owners != [_MOCK_CLASS]:
        return
    first = code.co_firstlineno
    block = "".join(inspect.getblock(lines[first - 1 :]))
    header = f"class {owners[-1]}:\n" if owners else "if True:\n" if block[0].isspace() else "\n"
    _files[code.co_filename] = _places_of("\n" * (first - 2) + header + block, code.co_filename)
    for inner in _with_inner(code):
        coroutine_code(inner)


def _with_inner(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _with_inner(constant)


def _has_source(filename: str) -> bool:
    return filename in _library_files or is_supplied(filename)


def _functions(module):
    """Yields the functions and methods that the module's source defines."""
    seen = [value for value in vars(module).values() if getattr(value, "__module__", None) == module.__name__]
    while seen:
        value = seen.pop()
        if isinstance(value, type):
            seen += [v for v in vars(value).values() if isinstance(v, (*_WRAPPED, types.FunctionType))]
        elif isinstance(value, _WRAPPED):
            seen += [f for f in (getattr(value, n, None) for n in ("__func__", "fget", "fset")) if f is not None]
        elif isinstance(value, types.FunctionType):
            yield value
            wrapped = getattr(value, "__wrapped__", None)
            seen += [wrapped] if wrapped is not None else []


_WRAPPED = (staticmethod, classmethod, property)


def _make(code):
    if code.co_flags & _ASYNCHRONOUS or code.co_name == "__next__":
        return None
    places = _places_in(code.co_filename).get((code.co_firstlineno, code.co_name), [])
    if len(places) > 1:
        places = _nearest(code, places)
    if len(places) != 1:
        return None
    try:
        made = _compile(places[0], code)
    except (transform.NotPossible, SyntaxError, ValueError, TypeError, RecursionError):
        return None
    return made if made is not None and set(made.co_freevars) <= set(code.co_freevars) else None


def _places_in(filename: str) -> dict:
    if filename not in _files:
        text = text_of(filename) if is_supplied(filename) else "".join(linecache.getlines(filename))
        _files[filename] = _places_of(text, filename)
    return _files[filename]


def _places_of(text: str, filename: str) -> dict:
    places: dict = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text, filename)
    for top in tree.body:
        _collect(top, top, [], places)
    return places


def _collect(node, top, classes, places):
    if isinstance(node, (ast.FunctionDef, ast.Lambda)):
        decorators = getattr(node, "decorator_list", None)
        line = decorators[0].lineno if decorators else node.lineno
        places.setdefault((line, getattr(node, "name", "<lambda>")), []).append(_Place(node, top, classes))
    for child in ast.iter_child_nodes(node):
        _collect(child, top, [*classes, (node, child)] if isinstance(node, ast.ClassDef) else classes, places)


def _nearest(code, places):
    """Returns the lambdas of a line that contain all positions of the code."""
    spots = [(line, column) for line, _, column, _ in code.co_positions() if line and column]
    return [place for place in places if all(_contains(place.node, spot) for spot in spots)] if spots else []


def _contains(node, spot) -> bool:
    return (node.lineno, node.col_offset) <= spot < (node.end_lineno, node.end_col_offset)


def _compile(place: _Place, code):
    """Compiles the statement of the module that contains the function, with the function in its coroutine form."""
    kept = [(place.node, dict(vars(place.node))), *((owner, dict(vars(owner))) for owner, _ in place.classes)]
    new = transform.rewritten(place.node)
    try:
        vars(place.node).update(vars(new))
        for owner, child in place.classes:
            if child in owner.body:
                owner.body = [child]
        flags = code.co_flags & _FUTURE_FLAGS
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole = compile(ast.Module([place.top], []), code.co_filename, "exec", flags, dont_inherit=True)
    finally:
        for node, fields in kept:
            vars(node).clear()
            vars(node).update(fields)
    made = _find(whole)
    return made if made is not None and made.co_flags & inspect.CO_GENERATOR else None


def _find(code):
    """Returns the code object that has the argument of the coroutine form."""
    if transform.SUPPORT in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
        return code
    inner = (_find(constant) for constant in code.co_consts if isinstance(constant, types.CodeType))
    return next((found for found in inner if found is not None), None)
