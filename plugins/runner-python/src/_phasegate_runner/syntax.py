"""Parsing of untrusted sources: a tree, or one sentence `path:line: what`. Nothing is executed."""

import ast
import warnings


class BuildError(Exception):
    """Its text is `path:line: what`."""


def parse(path: str, source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source, path)
            # Some faults, such as `return` outside a function, only show when code is generated.
            compile(source, path, "exec", dont_inherit=True)
        return tree
    except SyntaxError as e:
        raise BuildError(_said(path, source, e)) from None
    except ValueError as e:
        raise BuildError(f"{path}:1: cannot be parsed: {e}") from None
    except (RecursionError, MemoryError):
        raise BuildError(f"{path}:1: cannot be parsed: nested too deeply") from None


def _said(path: str, source: str, error: SyntaxError) -> str:
    line = error.lineno or 1
    lines = source.splitlines()
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    kind = "" if type(error) is SyntaxError else f"{type(error).__name__}: "
    said = f"{path}:{line}: {kind}{error.msg}"
    return f"{said}: `{text[:120]}`" if text else said
