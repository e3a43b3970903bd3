import os
import sys

if sys.platform == "win32":
    import msvcrt
    import winreg
else:
    msvcrt = winreg = None

if os.name == "nt":
    from ctypes import windll


def default_folder(name, environ):
    """Returns the folder for settings, as the system wants it."""
    if winreg is not None:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, r"Software\Example") as key:
            return winreg.QueryValueEx(key, name)[0]
    return os.path.join(environ.get("XDG_CONFIG_HOME", "/etc"), name)


def lock(handle):
    if msvcrt is None:
        return "posix"
    msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)
    return "windows"
