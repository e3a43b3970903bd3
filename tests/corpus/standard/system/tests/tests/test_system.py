import calendar
import contextlib
import datetime
import errno
import getpass
import hashlib
import locale
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
import pytest


def test_identity():
    assert os.getuid() == os.geteuid() and os.getgid() == os.getegid() and os.getpid() > 0 and os.getppid() > 0
    assert isinstance(os.getgroups(), list)
    assert os.getpgid(0) == os.getpgrp() and os.getsid(0) >= 0 and os.getresuid()[0] == os.getuid()
    assert os.uname().sysname and len(os.urandom(8)) == 8 and len(os.getrandom(4)) == 4
    assert os.cpu_count() >= 1 and len(os.sched_getaffinity(0)) >= 1 and len(os.getloadavg()) == 3 and os.nice(0) >= 0
    with pytest.raises(ProcessLookupError):
        os.getpgid(2**22 + 5)
    with pytest.raises(ProcessLookupError):
        os.kill(2**22 + 5, 0)
    os.kill(os.getpid(), 0)


def test_environment(monkeypatch):
    assert (
        os.environ["PATH"]
        and os.environ["HOME"]
        and Path.home().is_dir()
        and os.path.expanduser("~/x") == os.environ["HOME"] + "/x"
    )
    monkeypatch.setenv("MINE", "1")
    assert os.getenv("MINE") == "1" and os.environb[b"MINE"] == b"1"
    monkeypatch.delenv("MINE")
    assert os.getenv("MINE") is None and os.path.expandvars("$MINE/x") == "$MINE/x"
    os.putenv("NOT_SEEN", "1")
    os.unsetenv("NOT_SEEN")
    with pytest.raises(TypeError):
        os.environ["x"] = 5
    with pytest.raises(ValueError):
        os.environ["a=b"] = "x"
    with pytest.raises(KeyError):
        os.environ["no such variable"]
    assert os.get_exec_path() == os.environ["PATH"].split(":")


def test_which(tmp_path, monkeypatch):
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\n")
    assert shutil.which("tool", path=str(tmp_path)) is None
    tool.chmod(0o755)
    assert shutil.which("tool", path=str(tmp_path)) == str(tool)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert shutil.which("tool") == str(tool) and shutil.which("no-such-tool") is None


def test_missing_programs(tmp_path):
    for run in (
        lambda: subprocess.run(["no-such-program", "x"]),
        lambda: subprocess.Popen("no-such-program"),
        lambda: subprocess.check_output(["./none"]),
        lambda: subprocess.call(["/bin/no-such"]),
    ):
        with pytest.raises(FileNotFoundError) as e:
            run()
        assert e.value.errno == errno.ENOENT and str(e.value).startswith("[Errno 2] No such file or directory: ")
    with pytest.raises(FileNotFoundError) as e:
        subprocess.run(["ls"], cwd=tmp_path / "none")
    assert e.value.filename == tmp_path / "none" or e.value.filename == str(tmp_path / "none")
    p = tmp_path / "script"
    p.write_text("#!/bin/sh\n")
    with pytest.raises(PermissionError):
        subprocess.run([str(p)])
    with pytest.raises(FileNotFoundError):
        os.execvp("no-such-program", ["x"])


def test_signals():
    seen = []
    old = signal.signal(signal.SIGUSR1, lambda n, f: seen.append((n, f is not None)))
    try:
        os.kill(os.getpid(), signal.SIGUSR1)
        assert seen == [(signal.SIGUSR1, True)]
        signal.raise_signal(signal.SIGUSR1)
        assert len(seen) == 2
        assert signal.getsignal(signal.SIGUSR1) is not None and old == signal.SIG_DFL and old is signal.Handlers.SIG_DFL
    finally:
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)

    def stop(n, f):
        raise SystemExit(3)

    old = signal.signal(signal.SIGTERM, stop)
    with pytest.raises(SystemExit) as e:
        os.kill(os.getpid(), signal.SIGTERM)
    assert e.value.code == 3
    signal.signal(signal.SIGTERM, old)
    for bad in (lambda: signal.signal(0, stop), lambda: signal.signal(1000, stop), lambda: signal.getsignal(0)):
        with pytest.raises(ValueError):
            bad()
    with pytest.raises(TypeError):
        signal.signal(signal.SIGTERM, "x")
    with pytest.raises(OSError):
        signal.signal(signal.SIGKILL, stop)
    assert (
        signal.Signals(15).name == "SIGTERM"
        and signal.strsignal(signal.SIGTERM) == "Terminated"
        and signal.SIGKILL in signal.valid_signals()
    )
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class Alarm(Exception):
    pass


def test_alarm():
    def ring(n, f):
        raise Alarm(n)

    old = signal.signal(signal.SIGALRM, ring)
    try:
        assert signal.alarm(1) == 0
        with pytest.raises(Alarm):
            time.sleep(5)
        assert signal.alarm(10) == 0 and signal.alarm(0) in (9, 10) and signal.alarm(0) == 0
        assert signal.setitimer(signal.ITIMER_REAL, 0.05) == (0.0, 0.0)
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 0.05
        with pytest.raises(Alarm):
            time.sleep(1)
        assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
        ticks = []
        signal.signal(signal.SIGALRM, lambda n, f: ticks.append(n))
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        time.sleep(0.11)
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert 3 <= len(ticks) <= 6
        signal.alarm(1)
        signal.pause()
        assert len(ticks) <= 7
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)


def test_timeout_context():
    @contextlib.contextmanager
    def limit(seconds):
        def ring(n, f):
            raise TimeoutError("too slow")

        old = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)

    with limit(1):
        time.sleep(0.01)
    with pytest.raises(TimeoutError, match="too slow"):
        with limit(0.05):
            time.sleep(3)


def test_masks():
    seen = []
    old = signal.signal(signal.SIGUSR2, lambda n, f: seen.append(n))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    os.kill(os.getpid(), signal.SIGUSR2)
    assert seen == [] and signal.SIGUSR2 in signal.sigpending()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    assert seen == [signal.SIGUSR2]
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    os.kill(os.getpid(), signal.SIGUSR2)
    assert signal.sigwait({signal.SIGUSR2}) == signal.SIGUSR2
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})
    signal.signal(signal.SIGUSR2, old)


@pytest.mark.parametrize("hour", [0, 7, 12, 19])
@pytest.mark.parametrize(
    "form",
    "%-d %-m %-H %-I %-M %-S %-j %-y %e %P %p %s %k %l %D %F %T %R %r %c %x %X %C %g %G %V %u %w %U %W %h %n %t %% %Ey %Od %^a %^B %#p %_d %_m %05d %10Y %z %j %I %a %A %b %B %Q %_H %-l %-k %_I %^p %3d %#B a%db%-mc".split(),
)
def test_strftime(form, hour, monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    t = (2024, 3, 5, hour, 8, 9, 1, 65, 0)
    expected = {
        "%-d": "5",
        "%P": "am" if hour < 12 else "pm",
        "%e": " 5",
        "%^a": "TUE",
        "%k": f"{hour:2}",
        "%l": f"{(hour + 11) % 12 + 1:2}",
        "%05d": "00005",
        "%Q": "%Q",
        "%-I": str((hour + 11) % 12 + 1),
        "%s": str(calendar.timegm(t)),
        "%#p": "am" if hour < 12 else "pm",
        "%_m": " 3",
        "%3d": "005",
        "a%db%-mc": "a05b3c",
    }
    made = time.strftime(form, t)
    assert made == expected.get(form, made) and made != ""
    assert datetime.datetime(2024, 3, 5, hour, 8, 9).strftime(form) == made or form == "%z"
    print(form, hour, made)


def test_clocks():
    assert time.thread_time() >= 0 and time.thread_time_ns() >= 0 and time.process_time() >= 0
    for name in (
        "CLOCK_REALTIME",
        "CLOCK_MONOTONIC",
        "CLOCK_PROCESS_CPUTIME_ID",
        "CLOCK_THREAD_CPUTIME_ID",
        "CLOCK_MONOTONIC_RAW",
        "CLOCK_BOOTTIME",
    ):
        assert (
            time.clock_gettime(getattr(time, name)) >= 0
            and time.clock_gettime_ns(getattr(time, name)) >= 0
            and time.clock_getres(getattr(time, name)) > 0
        )
    assert (
        time.get_clock_info("thread_time").resolution > 0
        and time.tzname
        and time.strftime("%Y-%m-%d", time.gmtime(0)) == "1970-01-01"
    )
    a = time.monotonic()
    time.sleep(0.01)
    assert time.monotonic() - a >= 0.01
    with pytest.raises(ValueError):
        time.sleep(-1)


def test_tzset(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert time.timezone == 0 and time.localtime(0).tm_hour == 0 and datetime.datetime.fromtimestamp(0).hour == 0


def test_hashes():
    assert hashlib.pbkdf2_hmac("sha1", b"password", b"salt", 4096).hex() == "4b007901b765489abead49d926f721d065a429c1"
    assert (
        hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 2, 40).hex()
        == "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43830651afcb5c862f"
    )
    assert (
        hashlib.scrypt(b"", salt=b"", n=16, r=1, p=1).hex()
        == "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"
    )
    for bad in (dict(n=3, r=1, p=1), dict(n=1, r=1, p=1), dict(n=2**20, r=8, p=1)):
        with pytest.raises(ValueError):
            hashlib.scrypt(b"p", salt=b"s", **bad)
    with pytest.raises(ValueError):
        hashlib.pbkdf2_hmac("nope", b"", b"", 1)
    with pytest.raises(ValueError):
        hashlib.pbkdf2_hmac("sha256", b"", b"", 0)
    with pytest.raises(TypeError):
        hashlib.pbkdf2_hmac("sha256", "text", b"", 1)


def test_capfd(capfd):
    print("printed")
    os.write(1, b"written\n")
    os.write(2, b"error\n")
    sys.stderr.write("more\n")
    out, err = capfd.readouterr()
    assert sorted(out.split()) == ["printed", "written"] and sorted(err.split()) == ["error", "more"]
    with capfd.disabled():
        pass
    with open(1, "w", closefd=False) as f:
        f.write("by number\n")
    assert capfd.readouterr().out == "by number\n"
    saved = os.dup(1)
    fd = os.open(os.devnull, os.O_WRONLY)
    os.dup2(fd, 1)
    os.write(1, b"lost")
    os.dup2(saved, 1)
    os.close(fd)
    os.close(saved)
    os.write(1, b"found")
    assert capfd.readouterr().out == "found"


def test_capfdbinary(capfdbinary):
    os.write(1, b"\xff\x00")
    assert capfdbinary.readouterr().out == b"\xff\x00"


def test_dup2_to_file(tmp_path, capfd):
    saved = os.dup(1)
    with open(tmp_path / "out", "wb") as f:
        os.dup2(f.fileno(), 1)
    os.write(1, b"to file")
    os.dup2(saved, 1)
    os.close(saved)
    assert (tmp_path / "out").read_bytes() == b"to file" and capfd.readouterr().out == ""


def test_streams():
    assert sys.stdout.fileno() >= 0 and not sys.stdout.isatty() and os.isatty(0) is False
    for stream in (0, 1, 2):
        os.fstat(stream)
    with pytest.raises(OSError):
        os.get_terminal_size(1)
    assert shutil.get_terminal_size() == (80, 24) or "COLUMNS" in os.environ
    assert os.read(os.open("/dev/null", os.O_RDONLY), 5) == b""


def test_names():
    assert (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.SOCK_STREAM, socket.SOCK_DGRAM) == (1, 2, 10, 1, 2)
    assert repr(socket.AF_INET) == "<AddressFamily.AF_INET: 2>" and socket.SOL_SOCKET == 1 and socket.SHUT_RDWR == 2
    packed = socket.inet_pton(socket.AF_INET6, "1080:0:0::8:800:200C:417A")
    assert socket.inet_ntop(socket.AF_INET6, packed) == "1080::8:800:200c:417a"
    assert socket.inet_pton(socket.AF_INET, "127.0.0.1") == b"\x7f\0\0\1"
    for family in (socket.AF_UNIX, 77):
        with pytest.raises(OSError, match="Address family not supported by protocol"):
            socket.inet_pton(family, "1")
    assert (
        getpass.getuser()
        and socket.gethostname()
        and platform.node() is not None
        and os.strerror(errno.ENOENT) == "No such file or directory"
        and os.strerror(2) == "No such file or directory"
    )
    assert (
        str(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "f"))
        == "[Errno 2] No such file or directory: 'f'"
    )
    assert (
        type(OSError(errno.EEXIST, "x")) is FileExistsError
        and type(OSError(errno.EACCES, "x")) is PermissionError
        and errno.errorcode[errno.EPIPE] == "EPIPE"
    )
    assert f"{errno.ENOENT}" == "2" and repr(errno.EACCES) == "13"
    try:
        open("/no/such")
    except OSError as e:
        assert (
            e.errno == errno.ENOENT
            and e.strerror == "No such file or directory"
            and repr(e) == "FileNotFoundError(2, 'No such file or directory')"
        )


def test_exit_codes():
    assert os.waitstatus_to_exitcode(256) == 1 and os.waitstatus_to_exitcode(9) == -9
    with pytest.raises(ChildProcessError):
        os.wait()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_locale():
    assert (
        locale.getpreferredencoding(False).upper().replace("-", "") == "UTF8" and sys.getfilesystemencoding() == "utf-8"
    )
