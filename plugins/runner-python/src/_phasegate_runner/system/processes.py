"""Starting a program: one that a plain Linux has is refused with words, another one is not found."""

import errno
import os
import posix
import shutil
import subprocess

from ..builtin import as_builtin
from ..memory.errors import os_error
from . import signals

__tracebackhide__ = True

NO_PROCESSES = "processes cannot be started in the test sandbox: replace the call in the test (unittest.mock.patch)"

_FOLDERS = ("/bin", "/usr/bin", "/usr/local/bin")
_PROGRAMS = frozenset(
    """awk base64 basename bash cat cc chmod chown cp curl cut date dd df diff dirname du echo egrep env expr false file
    find gcc git grep gunzip gzip head hostname id install kill less ln ls make md5sum mkdir mktemp mv nohup od paste
    perl ping pip pip3 printenv printf ps pwd pytest python python3 python3.14 readlink realpath rm rmdir sed seq sh
    sha256sum sleep sort ssh stat stty sudo tail tar tee test time timeout touch tr true tty uname uniq unzip vi wc
    wget which whoami xargs yes zip""".split()
)


def refusal(program, path=None) -> OSError:
    """Returns the error of starting a program: not found, not executable, or refused because there are no processes."""
    name = os.fsdecode(program)
    if "/" in name:
        folder, last = os.path.split(name)
        if folder in _FOLDERS and last in _PROGRAMS:
            return OSError(NO_PROCESSES)
        if not os.path.exists(name):
            return os_error(errno.ENOENT, program)
        if os.path.isdir(name) or not os.access(name, os.X_OK):
            return os_error(errno.EACCES, program)
        return OSError(NO_PROCESSES)
    if name in _PROGRAMS or shutil.which(name, path=path):
        return OSError(NO_PROCESSES)
    return os_error(errno.ENOENT, program)


def _popen_init(self, args, *others, executable=None, shell=False, cwd=None, env=None, **options):
    if shell:
        raise OSError(NO_PROCESSES)
    if cwd is not None and not os.path.isdir(cwd):
        os.stat(cwd)
        raise os_error(errno.ENOTDIR, cwd)
    program = executable if executable is not None else args
    if not isinstance(program, (str, bytes, os.PathLike)):
        program = [*program][0]
    path = None if env is None else env.get("PATH")
    raise refusal(os.fspath(program), path)


def _no_process(*args, **options):
    raise OSError(NO_PROCESSES)


def _no_child(*args, **options):
    raise os_error(errno.ECHILD)


def _execute(path, *args):
    raise refusal(path)


def _spawn(mode, path, *args):
    raise refusal(path)


def kill(pid, signal, /):
    """Sends a signal to this process; there is no other one that would accept it."""
    if pid in (0, os.getpid(), -os.getpgrp()):
        if signal:
            signals.raise_signal(signal)
    elif pid == os.getppid():
        raise os_error(errno.EPERM)
    else:
        raise os_error(errno.ESRCH)


def killpg(pgid, signal, /):
    kill(-pgid, signal)


def waitstatus_to_exitcode(status):
    if status & 0x7F:
        return -(status & 0x7F)
    return status >> 8


def install():
    subprocess.Popen.__init__ = _popen_init
    found = {"system": _no_process, "popen": _no_process}
    found |= {n: _execute for n in "execl execle execlp execlpe execv execve execvp execvpe".split()}
    found |= {n: _execute for n in ("posix_spawn", "posix_spawnp")}
    found |= {n: _spawn for n in "spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe".split()}
    found |= {n: _no_child for n in ("wait", "wait3", "wait4", "waitid", "waitpid")}
    found |= {"kill": kill, "killpg": killpg, "waitstatus_to_exitcode": waitstatus_to_exitcode}
    for name, function in found.items():
        setattr(os, name, as_builtin(function))
        setattr(posix, name, as_builtin(function))
    for name, value in {"WNOHANG": 1, "WUNTRACED": 2, "P_NOWAIT": 1, "P_WAIT": 0, "P_NOWAITO": 1}.items():
        if not hasattr(os, name):
            setattr(os, name, value)
