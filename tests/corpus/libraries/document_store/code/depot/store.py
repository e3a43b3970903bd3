import hashlib
import hmac
import os
import secrets
from pathlib import Path

from .index import Index


class NotFound(LookupError):
    pass


class WrongPassword(Exception):
    pass


class Depot:
    """Documents by digest below `objects/`, names in an SQLite index, `latest` as a symbolic link."""

    def __init__(self, folder, password=None):
        self.folder = Path(folder)
        (self.folder / "objects").mkdir(parents=True, exist_ok=True)
        self.index = Index(self.folder / "index.db")
        if password is not None:
            self._check(password)

    def _check(self, password):
        path = self.folder / "password"
        if not path.exists():
            salt = secrets.token_bytes(16)
            path.write_text(f"{salt.hex()}:{_digest(password, salt)}", encoding="ascii")
        salt, wanted = path.read_text(encoding="ascii").split(":")
        if not hmac.compare_digest(_digest(password, bytes.fromhex(salt)), wanted):
            raise WrongPassword

    def put(self, name, data):
        digest = hashlib.sha256(data).hexdigest()
        path = self.folder / "objects" / digest[:2] / digest[2:]
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            new = path.with_suffix(".new")
            new.write_bytes(data)
            os.replace(new, path)
            path.chmod(0o444)
        self.index.add(name, digest, len(data))
        latest = self.folder / "latest"
        latest.unlink(missing_ok=True)
        latest.symlink_to(path.relative_to(self.folder))
        return digest

    def get(self, name):
        digest = self.index.digest(name)
        if digest is None:
            raise NotFound(name)
        return (self.folder / "objects" / digest[:2] / digest[2:]).read_bytes()

    def close(self):
        self.index.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def _digest(password, salt):
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 500).hex()
