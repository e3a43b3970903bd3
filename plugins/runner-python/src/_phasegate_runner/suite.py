"""Compiles the suite's files from a copy of their text, and keeps what belongs to each file.

Only the guard's audit hook refers to a `Suite`: code under test cannot add code of its own.
"""

import ast
import gc
import os
import types

from . import project
from .asserts import rewrite_asserts
from .ledger import FileFacts, codes_in, facts_of, identity
from .locals import names_bound_at
from .sources import Sources


class Suite:
    def __init__(self, sources: Sources, config):
        self._files, self._config = dict(sources.suite), config
        self._rewritten = {p for p in self._files if sources.is_suite_file(p)}
        self._compiled: dict = {}
        self._bound_at: dict = {}
        # Every code object of the suite by its id, with the file that it comes from (None: made at run time).
        self.codes: dict[int, tuple] = {}
        self.facts: dict[str, FileFacts] = {}
        self.namespaces: dict[str, list[dict]] = {}
        self.places: dict[tuple, object] = {}

    def is_test_file(self, path: str) -> bool:
        return path in self._rewritten

    def code(self, path: str):
        """Returns the code of a file; None if it is no file of the suite. Raises SyntaxError."""
        if path not in self._compiled and path in self._files:
            self._compiled[path] = self._compile(path)
        return self._compiled.get(path)

    def add_made(self, code):
        """Adds code that a file of the suite made at run time and executes."""
        for each in codes_in(code):
            self.codes.setdefault(identity(each), (each, None))

    def is_copy(self, function) -> bool:
        """Returns whether this function is not the one that its file's definition made: a copy with the same code, or one
        that a running function made and gave away.
        """
        code = function.__code__
        first, *rest = code.co_qualname.split(".")
        if "<locals>" in rest:
            return True
        _, path = self.codes[identity(code)]
        for namespace in self.namespaces.get(path, ()):
            held = namespace.get(first)
            for name in rest:
                held = vars(held).get(name) if isinstance(held, type) else None
            held = getattr(held, "__func__", held)
            if type(held) is types.FunctionType and held is not function and held.__code__ is code:
                return True
        return False

    def names_bound_at(self, path: str):
        if path not in self._bound_at:
            self._bound_at[path] = names_bound_at(ast.parse(self._files[path]))
        return self._bound_at[path]

    def make_hidden_test(self, path: str):
        """Returns a function whose assertion is false, as if it were defined in this file, and its name."""
        name, left, right = f"test_{os.urandom(6).hex()}", int.from_bytes(os.urandom(4)), int.from_bytes(os.urandom(4))
        origin = project.absolute(path)
        text = f"def {name}():\n    value = {left}\n    assert value == {left + 1 + right}\n"
        tree = ast.parse(text, origin)
        rewrite_asserts(tree, text, origin, self._config)
        code = next(c for c in compile(tree, origin, "exec", dont_inherit=True).co_consts if type(c) is types.CodeType)
        self.codes[identity(code)] = (code, path)
        return types.FunctionType(code, self.namespaces[path][0], name), name

    def _compile(self, path):
        collects = gc.isenabled()
        # A tree consists of many objects, all of which are in use.
        gc.disable()
        try:
            return self._compile_tree(path)
        finally:
            if collects:
                gc.enable()

    def _compile_tree(self, path):
        source = self._files[path]
        origin = project.absolute(path)
        tree = ast.parse(source, origin)
        self.facts[path] = facts_of(tree)
        if path in self._rewritten:
            rewrite_asserts(tree, source, origin, self._config)
        code = compile(tree, origin, "exec", dont_inherit=True)
        for each in codes_in(code):
            self.codes[identity(each)] = (each, path)
            self.places[(path, each.co_qualname, each.co_firstlineno)] = each
        return code
