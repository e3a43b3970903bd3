import configparser
import json
import os
import re
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:
    import tomli as tomllib
try:
    import yaml
except ImportError:
    yaml = None


class ConfigError(Exception):
    pass


def _ini(text):
    parser = configparser.ConfigParser()
    parser.read_string(text)
    return {section: dict(parser[section]) for section in parser.sections()}


def _yaml(text):
    if yaml is None:
        raise ConfigError("YAML files need the package `pyyaml`")
    return yaml.safe_load(text)


READERS = {".json": json.loads, ".toml": tomllib.loads, ".ini": _ini, ".yaml": _yaml}


def load(path):
    path = Path(path)
    try:
        reader = READERS[path.suffix]
    except KeyError:
        raise ConfigError(f"{path.name}: unknown kind of file") from None
    try:
        return reader(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"{path.name}: no such file") from None
    except IsADirectoryError:
        raise ConfigError(f"{path.name}: is a folder") from None
    except (ValueError, configparser.Error) as error:
        raise ConfigError(f"{path.name}: {type(error).__name__}") from error


def merge(*layers):
    merged = {}
    for layer in layers:
        for key, value in layer.items():
            if isinstance(value, dict) and isinstance(merged.get(key), dict):
                merged[key] = merge(merged[key], value)
            else:
                merged[key] = value
    return merged


def expand(value, environ):
    if isinstance(value, dict):
        return {key: expand(item, environ) for key, item in value.items()}
    if isinstance(value, list):
        return [expand(item, environ) for item in value]
    if not isinstance(value, str):
        return value

    def replace(found):
        name, _, default = found.group(1).partition(":-")
        if name in environ:
            return environ[name]
        if "${" + name + ":-" in found.group():
            return default
        raise ConfigError(f"no variable {name}")

    return re.sub(r"\$\{([^}]+)\}", replace, value)


def load_layers(folder, names, environ=os.environ):
    return expand(merge(*(load(Path(folder, name)) for name in names)), environ)
