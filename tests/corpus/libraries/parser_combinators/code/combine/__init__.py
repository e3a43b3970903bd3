"""Parsers that are combined with operators: `|` for alternatives, `+` for sequences, `>>` for actions."""

from .core import Parser, ParseError, fail, lazy, literal, many, pattern, separated

__all__ = ["ParseError", "Parser", "fail", "lazy", "literal", "many", "pattern", "separated"]
