"""Replaces slow functions of pytest by faster ones with the same results. A small test spends most of its time in pytest.

Install these before the guard records the parts of pytest, and before any supplied file is imported.
"""

import ast
import functools
import inspect
import logging
import warnings
from pathlib import Path
from types import SimpleNamespace

from _pytest._code import code as pytest_code
from _pytest._code import source as pytest_source
from _pytest.assertion import rewrite
from _pytest.logging import LoggingPlugin, caplog_handler_key, caplog_records_key
from _pytest.mark.structures import NodeKeywords
from _pytest.nodes import Node

from . import asserts
from .syntax import all_nodes

_PLACE = ast.stmt._attributes
_statement_range = pytest_source.getstatementrange_ast
_path_of_code = pytest_code.Code.path.fget
# The paths of source files that were there when pytest first asked.
_known_paths: dict[str, Path] = {}


def install():
    asserts.install()
    rewrite.traverse_node = _first_node_without_place
    rewrite.ast = SimpleNamespace(**{**vars(ast), "copy_location": _copy_place, "iter_fields": _fields, "walk": all_nodes})
    pytest_source.getstatementrange_ast = pytest_code.getstatementrange_ast = _statement_range_of_known_tree
    pytest_code.Code.path = property(_known_path)
    NodeKeywords.__iter__ = _all_keywords
    Node.iter_markers_with_node = _all_markers
    LoggingPlugin._runtest_for = lambda plugin, item, when: _LoggedStage(plugin, item, when)
    # Notes which file each module comes from. `inspect` would otherwise look for all these files at the first failure.
    inspect.getmodule(compile("", "<nothing>", "exec"))


def _first_node_without_place(statement):
    """Yields the first node of a generated statement that has no line number. Afterwards gives its place to the others.

    Replaces `traverse_node`, whose only caller gives one place to all nodes that have none.
    """
    place = None
    for node in all_nodes(statement):
        fields = node.__dict__
        if "lineno" in fields or not node._attributes:
            continue
        if place is None:
            yield node
            place = {name: fields[name] for name in _PLACE}
        else:
            fields.update(place)


def _copy_place(new_node, old_node):
    """Replaces `ast.copy_location`. A node has a whole place or none."""
    old, new = old_node.__dict__, new_node.__dict__
    if "lineno" in old:
        new["lineno"], new["col_offset"] = old["lineno"], old["col_offset"]
        new["end_lineno"], new["end_col_offset"] = old["end_lineno"], old["end_col_offset"]
    return new_node


def _fields(node):
    fields = node.__dict__
    return [(name, fields[name]) for name in node._fields if name in fields]


def _statement_range_of_known_tree(lineno, source, assertion=False, astnode=None):
    """Replaces `getstatementrange_ast`, which parses the whole file for each failed test."""
    return _statement_range(lineno, source, assertion, astnode or _tree_of(str(source)))


@functools.lru_cache(maxsize=4)
def _tree_of(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text, "source")


def _known_path(code):
    """Replaces `Code.path`, which looks for the file each time."""
    name = code.raw.co_filename
    path = _known_paths.get(name)
    if path is None:
        path = _path_of_code(code)
        if isinstance(path, Path) and name.startswith("/"):
            _known_paths[name] = path
    return path


def _all_keywords(keywords):
    """Replaces `NodeKeywords.__iter__`, which asks each parent for its keywords and those of its parents."""
    found: dict = {}
    node = keywords.node
    while node is not None:
        found.update(node.keywords._markers)
        node = node.parent
    return iter(found)


def _all_markers(node, name=None):
    """Replaces `Node.iter_markers_with_node`. Most nodes have no markers, and pytest asks eight times per test."""
    found = []
    while node is not None:
        if node.own_markers:
            found += [(node, m) for m in node.own_markers if name is None or getattr(m, "name", None) == name]
        node = node.parent
    return iter(found)


class _LoggedStage:
    """Replaces `LoggingPlugin._runtest_for`: attaches both of pytest's handlers for one stage of a test."""

    def __init__(self, plugin, item, when):
        self._plugin, self._item, self._when = plugin, item, when

    def __enter__(self):
        plugin, item = self._plugin, self._item
        root = self._root = logging.getLogger()
        # The records of the others reach the root.
        known = root.manager.loggerDict.values()
        self._loggers = [g for g in known if isinstance(g, logging.Logger) and not g.propagate and g is not root]
        self._loggers.append(root)
        self._level, level = root.level, plugin.log_level
        for handler in (plugin.caplog_handler, plugin.report_handler):
            if level is not None:
                handler.setLevel(level)
            for logger in self._loggers:
                logger.addHandler(handler)
            handler.reset()
        if level is not None:
            root.setLevel(min(self._level, level))
        item.stash[caplog_records_key][self._when] = plugin.caplog_handler.records
        item.stash[caplog_handler_key] = plugin.caplog_handler

    def __exit__(self, *_):
        plugin = self._plugin
        self._item.add_report_section(self._when, "log", plugin.report_handler.stream.getvalue().strip())
        if plugin.log_level is not None:
            self._root.setLevel(self._level)
        for logger in self._loggers:
            logger.removeHandler(plugin.report_handler)
            logger.removeHandler(plugin.caplog_handler)
