"""The syntax trees of the supplied Python files. Parses a file when its tree is first needed; executes nothing."""

import ast

from .sources import Sources
from .syntax import BuildError, parse


class Trees:
    def __init__(self, sources: Sources, generates_code=True):
        """`generates_code`: whether errors count that only appear when code is generated, as an import does."""
        self.sources, self._generates_code = sources, generates_code
        self._parsed: dict[str, ast.Module | BuildError] = {}

    def get(self, path: str) -> ast.Module | None:
        """Returns the tree of a supplied file; None if there is no such file or it has a syntax error."""
        parsed = self._parse(path)
        return parsed if isinstance(parsed, ast.Module) else None

    def errors(self, paths=None) -> list[str]:
        """Returns the syntax error of each of these files, or of all Python files, as `path:line: message`."""
        paths = sorted(self.sources.python_files()) if paths is None else paths
        return [str(e) for e in map(self._parse, paths) if isinstance(e, BuildError)]

    def _parse(self, path: str):
        if path not in self._parsed and path in self.sources.files:
            try:
                self._parsed[path] = parse(path, self.sources.files[path], self._generates_code)
            except BuildError as e:
                self._parsed[path] = e
        return self._parsed.get(path)
