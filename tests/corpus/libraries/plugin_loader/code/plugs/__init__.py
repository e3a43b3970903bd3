import importlib
import pkgutil

from . import builtin


class Registry:
    def __init__(self):
        self.plugins = {}

    def register(self, name):
        def decorate(kind):
            if name in self.plugins:
                raise ValueError(f"plugin {name!r} is registered twice")
            self.plugins[name] = kind
            return kind

        return decorate

    def discover(self, package):
        """Imports each module of a package and registers its subclasses of Plugin."""
        found = []
        for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            loaded = importlib.import_module(module.name)
            for value in vars(loaded).values():
                if isinstance(value, type) and issubclass(value, Plugin) and value is not Plugin:
                    if value.__module__ == module.name:
                        self.plugins.setdefault(value.name, value)
                        found.append(value.name)
        return sorted(found)


class Plugin:
    name = "base"
    known = []

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Plugin.known.append(cls.__name__)

    def apply(self, text):
        raise NotImplementedError


registry = Registry()
discovered = registry.discover(builtin)
