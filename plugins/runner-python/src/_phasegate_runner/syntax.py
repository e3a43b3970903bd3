"""Parses untrusted sources without executing them. Errors have the form `path:line: message`."""

import ast
import warnings


class BuildError(Exception):
    """Its text is `path:line: message`."""


def parse(path: str, source: str) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source, path)
            # Some errors, such as `return` outside a function, only appear when code is generated.
            compile(source, path, "exec", dont_inherit=True)
        return tree
    except SyntaxError as e:
        raise BuildError(f"{path}:{e.lineno or 1}: {describe_syntax_error(source, e)}") from None
    except ValueError as e:
        raise BuildError(f"{path}:1: cannot be parsed: {e}") from None
    except (RecursionError, MemoryError):
        raise BuildError(f"{path}:1: cannot be parsed: nested too deeply") from None


def describe_syntax_error(source: str, error: SyntaxError) -> str:
    """Returns the message with the text of its line."""
    line = error.lineno or 1
    lines = source.splitlines()
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    kind = "" if type(error) is SyntaxError else f"{type(error).__name__}: "
    return f"{kind}{error.msg}: `{text[:120]}`" if text else f"{kind}{error.msg}"
