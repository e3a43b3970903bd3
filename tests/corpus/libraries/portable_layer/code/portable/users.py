import os

try:
    import pwd
except ImportError:
    import getpass

    def name():
        return getpass.getuser()

else:

    def name():
        try:
            return pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            return f"user {os.getuid()}"


def console_width(stream=None):
    try:
        import ctypes

        windll = ctypes.windll
    except (ImportError, AttributeError):
        windll = None
    if windll is not None:
        return windll.kernel32.GetConsoleWidth()
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError, AttributeError):
        return 80
