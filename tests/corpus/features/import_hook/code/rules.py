"""Modules `rules_NAME` are made of the table below by a finder on `sys.meta_path`."""

import importlib.abc
import importlib.machinery
import sys

TABLE = {"rules_short": "limit = 3", "rules_long": "limit = 30"}


class Loader(importlib.abc.Loader):
    def exec_module(self, module):
        exec(TABLE[module.__name__], module.__dict__)


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, Loader()) if name in TABLE else None


sys.meta_path.append(Finder())


def limit(name):
    return __import__(f"rules_{name}").limit
