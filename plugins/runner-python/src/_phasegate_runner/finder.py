"""Imports supplied files from memory, under their places in the project's folder. The guard compiles the suite's files.

The finder is first on `sys.meta_path`: supplied modules take precedence over all modules except `sources.CORE`.
"""

import importlib.machinery
import importlib.readers
import inspect
import linecache
import sys

from . import project
from .sources import Found, Sources


class MemoryFinder:
    def __init__(self, sources: Sources, path: str):
        self.sources = sources
        self.roots = sources.roots_for(path)
        # The guard compiles the suite's files.
        self.send = lambda *_: None
        # These names always mean the suite's own files.
        self.pinned = {self.module_name(p): p for p in (*sources.conftests(path), path)}
        self._unload_shadowed_modules()

    def find_spec(self, name, path=None, target=None):
        if name in self.pinned:
            return self._spec(name, Found("module", self.pinned[name]))
        last = name.rpartition(".")[2]
        if path is None:
            found = self.sources.look_up(last, self.roots)
        else:
            folders = (project.relative(p) for p in path)
            found = next((f for f in (self.sources.look_in(d, last) for d in folders if d is not None) if f), None)
        return self._spec(name, found) if found else None

    def module_name(self, path: str) -> str:
        """Returns the name under which pytest would import a test file or conftest.py."""
        return self.sources.module_name(path, self.sources.base_folder(path))

    def spec_of(self, name: str, path: str):
        return self._spec(name, Found("module", path))

    def _spec(self, name, found):
        origin = project.absolute(found.path) if found.path else None
        loader = MemoryLoader(self, found.path) if found.path else None
        spec = importlib.machinery.ModuleSpec(name, loader, origin=origin, is_package=found.kind != "module")
        if found.kind != "module":
            spec.submodule_search_locations = [project.absolute(f) for f in found.folders]
        spec.has_location = origin is not None
        return spec

    def _unload_shadowed_modules(self):
        """Removes modules imported for the snapshot that a supplied module of the same name replaces."""
        supplied = {part.removesuffix(".py") for p in self.sources.files for part in p.split("/")}
        loaded = (n for n in supplied if n in sys.modules and not n.startswith("_phasegate"))
        shadowed = {n for n in loaded if self.sources.look_up(n, self.roots)}
        for name in [n for n in sys.modules if n.partition(".")[0] in shadowed] if shadowed else ():
            del sys.modules[name]


class MemoryLoader:
    def __init__(self, finder: MemoryFinder, path: str):
        self.finder, self._relative = finder, path
        self.path = project.absolute(path)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        code = self.get_code()
        self.finder.send("module", self._relative, module.__dict__)
        # Otherwise `inspect` looks for the files of all modules when a test fails.
        inspect.modulesbyfile[self.path] = module.__name__
        exec(code, module.__dict__)

    def get_code(self, fullname=None):
        source = self.get_source()
        linecache.cache[self.path] = (len(source), None, source.splitlines(keepends=True), self.path)
        of_suite: list = []
        try:
            self.finder.send("code", self._relative, of_suite)
            return of_suite[0] if of_suite else compile(source, self.path, "exec", dont_inherit=True)
        except SyntaxError as e:
            # Some of these errors, such as a null byte, name no file.
            e.filename = e.filename or self.path
            raise

    def get_source(self, fullname=None):
        return self.finder.sources.files[self._relative]

    def get_filename(self, fullname=None):
        return self.path

    def is_package(self, fullname=None):
        return self.path.endswith("/__init__.py")

    def get_data(self, path):
        with open(path, "rb") as file:
            return file.read()

    def get_resource_reader(self, fullname):
        return importlib.readers.FileReader(self)
