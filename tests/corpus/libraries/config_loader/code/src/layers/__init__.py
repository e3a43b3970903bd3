from .loader import ConfigError, load_layers, merge

__all__ = ["ConfigError", "load_layers", "merge"]
