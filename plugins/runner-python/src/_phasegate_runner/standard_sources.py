"""The sources of the standard library, which the component cannot read from files.

Code needs them to load a second copy of a module, to import a module again, or to look at a source. Tracebacks show their lines.
"""

import importlib.util
import sys
import zlib
from importlib.machinery import SourceFileLoader

_compressed: dict[str, bytes] = {}
_paths: dict[str, str] = {}


def keep():
    """Keeps the sources of the loaded modules. Call this at build time, while the files can still be read."""
    for name, module in list(sys.modules.items()):
        loader = getattr(getattr(module, "__spec__", None), "loader", None)
        if isinstance(loader, SourceFileLoader) and _is_wanted(name):
            try:
                _compressed[loader.path] = zlib.compress(loader.get_data(loader.path), 9)
            except OSError:
                continue
            _paths[name] = loader.path


def _is_wanted(name: str) -> bool:
    # The tables of the encodings are large.
    return name.partition(".")[0] in sys.stdlib_module_names and not name.startswith("encodings.")


def install():
    """Lets imports and loaders find what is kept."""
    read = SourceFileLoader.get_data

    def get_data(self, path):
        source = _compressed.get(path)
        return read(self, path) if source is None else zlib.decompress(source)

    SourceFileLoader.get_data = get_data
    sys.meta_path.append(_Finder())


class _Finder:
    def find_spec(self, name, path=None, target=None):
        file = _paths.get(name)
        return importlib.util.spec_from_file_location(name, file) if file else None
