import importlib
import ssl  # noqa: F401  (the version is shown by `about`)
import zlib

_MODULES = {"gz": "gzip", "bz2": "bz2", "xz": "lzma", "zst": "zstandard"}


def available():
    found = []
    for suffix, name in _MODULES.items():
        try:
            module = importlib.import_module(name)
            module.decompress(module.compress(b"probe"))
        except Exception:
            continue
        found.append(suffix)
    return found


def best(suffixes, have=available):
    for suffix in suffixes:
        if suffix in have():
            return suffix
    raise LookupError(f"none of {', '.join(suffixes)}")


def about():
    return {"zlib": zlib.ZLIB_VERSION, "tls": getattr(ssl, "OPENSSL_VERSION", "none")}
