"""Modules of the standard library that the component lacks: importable, complete in their names.

Classes can be subclassed and named in annotations, errors can be caught, constants have their usual values. A call that
the sandbox cannot do raises and is noted, so that the report of the test says what was touched. What a single process
without a terminal can do works: see the files that `build` names.
"""

from .finder import finish, install

__all__ = ["finish", "install"]
