"""Parses untrusted sources without executing them. Errors have the form `path:line: message`."""

import ast
import warnings


# Nodes without nodes in them.
_LEAVES = frozenset((ast.Name, ast.Constant))
# What is no node, or a node without a place or a name.
_PLAIN = frozenset(
    (str, int, bool, type(None))
    + tuple(kind for base in (ast.expr_context, ast.operator, ast.unaryop, ast.cmpop, ast.boolop) for kind in base.__subclasses__())
)


class BuildError(Exception):
    """Its text is `path:line: message`."""


def parse(path: str, source: str, generates_code=True) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source, path)
            if generates_code:
                # Some errors, such as `return` outside a function, only appear then.
                compile(source, path, "exec", dont_inherit=True)
        return tree
    except SyntaxError as e:
        raise BuildError(f"{path}:{e.lineno or 1}: {describe_syntax_error(source, e)}") from None
    except ValueError as e:
        raise BuildError(f"{path}:1: cannot be parsed: {e}") from None
    except (RecursionError, MemoryError):
        raise BuildError(f"{path}:1: cannot be parsed: nested too deeply") from None


def all_nodes(tree: ast.AST) -> list[ast.AST]:
    """Returns the nodes of a parsed tree in the order of `ast.walk`, but faster and without contexts and operators."""
    nodes = [tree]
    for node in nodes:
        if type(node) in _LEAVES:
            continue
        for value in node.__dict__.values():
            kind = type(value)
            if kind is list:
                # `global` holds names, a dictionary None for each `**`.
                nodes += [v for v in value if type(v) not in _PLAIN]
            elif kind not in _PLAIN:
                nodes.append(value)
    return nodes


def describe_syntax_error(source: str, error: SyntaxError) -> str:
    """Returns the message with the text of its line."""
    line = error.lineno or 1
    lines = source.splitlines()
    text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
    kind = "" if type(error) is SyntaxError else f"{type(error).__name__}: "
    return f"{kind}{error.msg}: `{text[:120]}`" if text else f"{kind}{error.msg}"
