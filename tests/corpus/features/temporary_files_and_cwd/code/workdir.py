import contextlib
import os
import pathlib
import tempfile


@contextlib.contextmanager
def inside(folder):
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield pathlib.Path.cwd()
    finally:
        os.chdir(before)


def write_safely(path, text):
    path = pathlib.Path(path)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".new-", delete=False) as file:
        file.write(text)
    os.replace(file.name, path)


def project_name():
    return pathlib.Path.cwd().name
