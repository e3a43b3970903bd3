import os
import platform
import sys


def data_folder(app, environ):
    if sys.platform == "win32":
        return environ["APPDATA"] + "\\" + app
    if sys.platform == "darwin":
        return f"{environ['HOME']}/Library/Application Support/{app}"
    return f"{environ.get('XDG_DATA_HOME', environ['HOME'] + '/.local/share')}/{app}"


def describe():
    return f"{platform.python_implementation()} on {platform.system()}"


def is_posix():
    return os.name == "posix" and os.sep == "/" and os.linesep == "\n"
