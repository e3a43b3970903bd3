import os

try:
    import grp
    import pwd
    import resource
except ImportError:
    grp = pwd = resource = None
try:
    import fcntl
except ImportError:
    fcntl = None
import multiprocessing


class Locked(Exception):
    pass


def append_line(path, line):
    with open(path, "a", encoding="utf-8") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Locked(path) from None
        file.write(line + "\n")
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_UN)


def workers(wanted=None):
    return wanted or max(1, multiprocessing.cpu_count() - 1)


def run(function, items, jobs=1):
    if jobs > 1:
        with multiprocessing.Pool(jobs) as pool:
            return pool.map(function, items)
    return [function(item) for item in items]


def user_name():
    if pwd is None:
        return "unknown"
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def memory_kib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss if resource else 0
